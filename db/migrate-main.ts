/** `npm run migrate`: brings the database of DATABASE_URL to the newest schema. */
import { databaseConfig } from './config.ts';
import { migrate } from './migrate.ts';

try {
  const applied = await migrate(databaseConfig().url);
  process.stdout.write(applied.length > 0 ? `${applied.join('\n')}\n` : 'up to date\n');
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
