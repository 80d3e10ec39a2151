/**
 * `npm run admin:first -- --region 350000 --login wang --name 王敏 --security li=李静 --security zhao=赵强`:
 * the first system administrator and the two first security administrators of an empty installation; prints their set-up links once.
 */
import { parseArgs } from 'node:util';
import { InputError } from '../workflows/domain/errors.ts';
import { closeDatabase, openDatabase, requireRole } from './client.ts';
import { databaseConfig, publicUrl } from './config.ts';
import { createFirstAdministrators, type FirstPerson } from './accounts/first-administrators.ts';
import { setupLinkHours } from './accounts/setup-links.ts';

const usage = 'npm run admin:first -- --region CODE --login LOGIN --name NAME --security LOGIN=NAME --security LOGIN=NAME';

function readPeople() {
  const { values } = parseArgs({
    options: {
      region: { type: 'string' },
      login: { type: 'string' },
      name: { type: 'string' },
      security: { type: 'string', multiple: true },
    },
  });
  const { region, login, name } = values;
  if (!region || !login || !name) throw new Error(usage);
  return { region, system: personOf(`${login}=${name}`), security: (values.security ?? []).map(personOf) };
}

function personOf(text: string): FirstPerson {
  const [, login, name] = /^([a-z][a-z0-9._-]{2,39})=(.{2,60})$/.exec(text) ?? [];
  if (!login || !name)
    throw new Error(`"${text}" is not LOGIN=NAME (3 to 40 small letters, digits, . _ - and a name of two characters or more).\n${usage}`);
  return { login, name: name.trim() };
}

try {
  const wanted = readPeople();
  const db = openDatabase(databaseConfig().url, { max: 1, applicationName: 'shiming-admin-first' });
  try {
    await requireRole(db);
    const links = await createFirstAdministrators(db, wanted);
    process.stdout.write(`Set-up links, shown this once, valid for ${setupLinkHours} hours, each for one person:\n`);
    for (const { login, name, role, token } of links)
      process.stdout.write(`${role}  ${login}  ${name}\n  ${publicUrl()}/set-up/${token}\n`);
  } finally {
    await closeDatabase(db);
  }
} catch (error) {
  const message =
    error instanceof InputError ? error.issues.map(({ field, code }) => `${field}: ${code}`).join(', ') : (error as Error).message;
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
