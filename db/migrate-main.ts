/** `npm run migrate`: brings the database of DATABASE_URL to the newest schema. */
import { databaseConfig } from './config.ts';
import { migrate } from './migrate.ts';

const applied = await migrate(databaseConfig().url);
process.stdout.write(applied.length > 0 ? `${applied.join('\n')}\n` : 'up to date\n');
