/** The server time of every page with years of classes on record, one client, beside the bare time of the page's own queries. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import pg from 'pg';
import { countBuilds } from '../../db/protocol/findings.ts';
import { keepArchives } from '../../db/views/institutions/kept-archives.ts';
import { keepBoards } from '../../db/views/kept-boards.ts';
import { accountOf, listPages } from '../support/browser/pages.ts';
import { atMost, load, type Shot } from './client.ts';
import { percentile, put, tableOf } from './figures.ts';
import { tokenFor } from './fill/province.ts';
import { fillClasses } from './fill/classes.ts';
import { startChild } from './processes.ts';

const AIM_MS = 50;
const EVERY_ONE = 1_000_000;

type Visit = { path: string; login: string | undefined };
type Measured = Visit & { p50Ms: number; p95Ms: number; bareMs: number; queries: number };
/** What sends on or was refused is no page. */
type Skipped = Visit & { skipped: string };

type Options = { env: Record<string, string>; url: string; classes: number; visits: { warmUp: number; seen: number } };

export async function measurePages(db: Knex, options: Options): Promise<void> {
  const beganMs = performance.now();
  const filled = await fillClasses(options.url, options.classes);
  put({ name: `filling ${options.classes} classes`, value: (performance.now() - beganMs) / 1000, unit: 's' });
  process.stdout.write(`on record: ${JSON.stringify(filled)}; rosters of three, no attendance, no materials\n`);
  await countAhead(db);
  const visits = await visitPages(db, options);
  const pages = visits.filter((visit): visit is Measured => !('skipped' in visit));
  const skipped = visits.filter((visit): visit is Skipped => 'skipped' in visit);
  const slow = pages.filter(({ p95Ms }) => p95Ms > AIM_MS);
  const rows = pages.map(({ path, login, p50Ms, p95Ms, bareMs, queries }) => [
    path,
    login ?? 'public',
    p50Ms.toFixed(1),
    p95Ms.toFixed(1),
    p95Ms > AIM_MS ? `> ${AIM_MS}` : '',
    bareMs.toFixed(1),
    String(queries),
  ]);
  rows.push(...skipped.map(({ path, login, skipped: why }) => [path, login ?? 'public', '', '', `skipped: ${why}`, '', '']));
  process.stdout.write(
    `\n${tableOf(['page', 'account', 'p50 ms', 'p95 ms', `aim <= ${AIM_MS}`, 'its queries, bare ms', 'queries'], rows)}\n\n`,
  );
  put({ name: `pages over ${AIM_MS} ms of ${pages.length}, ${filled['tasks']} tasks`, value: slow.length, unit: 'pages', aim: '0' });
  put({ name: 'slowest page p95', value: Math.max(...pages.map(({ p95Ms }) => p95Ms)), unit: 'ms', aim: `<= ${AIM_MS} ms` });
}

/** Each page that the document of addresses names, once for each of these readers. */
export async function visitPages(db: Knex, { env, url, visits }: Omit<Options, 'classes'>): Promise<(Measured | Skipped)[]> {
  const record = join(tmpdir(), `shiming-queries-${process.pid}.jsonl`);
  const ready = /api listens at (http[^"]+)"/;
  const measured = await startChild('dist/api/main.js', env, ready);
  // As arguments: with NODE_OPTIONS Node 20 does not come past the loader.
  const recording = await startChild('dist/api/main.js', { ...env, RECORD_QUERIES: record }, ready, [
    'tsx',
    join(import.meta.dirname, 'record-queries.ts'),
  ]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const found: (Measured | Skipped)[] = [];
  try {
    const origin = measured.match[1] ?? '';
    const tokens = new Map<string, string>();
    for (const visit of await visitsOf(db, origin)) {
      const { path, login } = visit;
      if (login && !tokens.has(login)) tokens.set(login, await tokenFor(db, login));
      const headers: Record<string, string> = { accept: 'text/html', ...(login ? { cookie: `shiming-session=${tokens.get(login)}` } : {}) };
      if (path === '/board') await keepBoards(db, { everyMs: 0 });
      const shot: Shot = { method: 'GET', path, headers };
      await load(
        origin,
        1,
        atMost(visits.warmUp, () => shot),
        20,
      );
      const own = await load(
        origin,
        1,
        atMost(visits.seen, () => shot),
        20,
      );
      if (own.failed > 0) {
        found.push({ ...visit, skipped: (own.firstFailure ?? '').slice(0, 60) });
        continue;
      }
      const queries = await queriesOf(recording.match[1] ?? '', shot, record);
      found.push({ ...visit, p50Ms: own.p50Ms, p95Ms: own.p95Ms, bareMs: await bareMs(client, queries), queries: queries.length });
    }
  } finally {
    await client.end();
    await measured.stop();
    await recording.stop();
    rmSync(record, { force: true });
  }
  return found;
}

/** As the worker does once a minute, and every ten minutes. */
async function countAhead(db: Knex): Promise<void> {
  await countBuilds(db);
  const beganMs = performance.now();
  const regions = await keepBoards(db, { everyMs: 0 });
  put({ name: `boards of ${regions.length} large regions counted ahead`, value: performance.now() - beganMs, unit: 'ms' });
  const againMs = performance.now();
  const archives = await keepArchives(db, { everyMs: 0, atMost: EVERY_ONE });
  put({ name: `archives of ${archives} large institutions counted ahead`, value: performance.now() - againMs, unit: 'ms' });
}

type Query = { name?: string; text: string; values: unknown[] };

/** What a warm API asks PostgreSQL for the page. */
async function queriesOf(origin: string, shot: Shot, record: string): Promise<Query[]> {
  await load(
    origin,
    1,
    atMost(2, () => shot),
    20,
  );
  writeFileSync(record, '');
  await load(
    origin,
    1,
    atMost(1, () => shot),
    20,
  );
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(record, { force: true });
  return lines
    .map((line) => JSON.parse(line) as Query)
    .filter(({ text }) => /^\s*(select|with)\b/i.test(text) && !/\b(insert|update|delete)\b\s/i.test(text));
}

/** The median time of all of them one after another, as the product's role, on a connection of their own. */
async function bareMs(client: pg.Client, queries: readonly Query[]): Promise<number> {
  const times: number[] = [];
  await client.query('set role shiming_app');
  for (let turn = 0; turn < 9; turn += 1) {
    const at = performance.now();
    for (const { name, text, values } of queries) await client.query({ ...(name ? { name } : {}), text, values: values.map(revived) });
    times.push(performance.now() - at);
  }
  times.sort((a, b) => a - b);
  return percentile(times, 0.5);
}

/** Bytes as JSON wrote them down. */
function revived(value: unknown): unknown {
  const bytes = value as { type?: string; data?: number[] } | null;
  return bytes && typeof bytes === 'object' && bytes.type === 'Buffer' ? Buffer.from(bytes.data ?? []) : value;
}

/** Readers that see more than the first account of a role does: offices of the city and the province, where the roots of large regions are. */
const further: Readonly<Record<string, readonly string[]>> = {
  '/board': ['fz-supervise-1', 'fj-supervise-1'],
  '/tasks': ['kangning-1', 'fz-first-1', 'fj-supervise-1'],
  '/tasks?view=region': ['cs-supervise-1', 'fj-supervise-1'],
  '/tasks?view=region&q=电工': ['fj-supervise-1'],
  '/classes': ['kangning-1', 'cs-first-1', 'fj-supervise-1'],
  '/classes?q=电工': ['cs-first-1', 'fj-supervise-1'],
  '/classes?status=in_review': ['fj-supervise-1'],
  '/institutions': ['fj-catalogue-1'],
  '/institutions?q=职业': ['fj-catalogue-1'],
  '/institutions?q=职业&view=public': [],
  '/payments': ['fj-pay-1'],
  '/funds': ['fj-finance-1'],
  '/funds?fund=employment_subsidy&year=2023&kind=payment': ['cs-finance-1', 'fj-finance-1'],
  '/disclosures?list=plan': [],
  '/workplace': ['kangning-1', 'school-1'],
};

/** Addresses without names in them as the first role that may see them; then pages of one class, institution and so on. */
export async function visitsOf(db: Knex, origin: string): Promise<Visit[]> {
  const visits: Visit[] = [];
  const fixed = (await listPages(origin)).filter(({ pattern }) => !pattern.includes('{') && !leftOut.has(pattern));
  for (const { pattern, roles, public: open } of fixed) {
    const role = roles[0];
    visits.push({ path: pattern, login: role ? accountOf[role] : open ? undefined : 'cs-first-1' });
    if (open) visits.push({ path: pattern, login: 'cs-first-1' });
  }
  for (const [path, logins] of Object.entries(further)) {
    if (path.includes('?') && logins.length === 0) visits.push({ path: encodeURI(path), login: undefined });
    for (const login of logins) visits.push({ path: encodeURI(path), login });
  }
  const school = await db('users').where({ login: 'kangning-1' }).first('institution_id');
  const paid = await db('classes').where({ institution_id: school.institution_id, status: 'paid' }).orderBy('number').first('id', 'number');
  const { credit_code: code } = await db('institutions').where({ id: school.institution_id }).first('credit_code');
  for (const part of [
    '',
    '/roster',
    '/timetable',
    '/materials',
    '/money',
    '/papers',
    '/timeline',
    '/changes',
    '/messages',
    '/checks',
    '/results',
  ])
    visits.push({ path: `/classes/${paid.number}${part}`, login: 'kangning-1' });
  for (const part of ['', '/classes', '/papers', '/timeline', '/teachers', '/venues'])
    visits.push({ path: `/institutions/${code}${part}`, login: 'cs-first-1' });
  const review = await db('tasks')
    .where({ office: '350104', role: 'first_reviewer', status: 'open' })
    .whereNotNull('class_id')
    .orderBy('id')
    .first('id');
  visits.push({ path: `/tasks/${review.id}`, login: 'cs-first-1' });
  const batch = await db('payment_batches').where({ region: '350104' }).orderBy('number').first('number');
  visits.push({ path: `/payments/${batch.number}`, login: 'cs-pay-1' });
  const application = await db('subsidy_applications').where({ class_id: paid.id }).first('number');
  visits.push({ path: `/subsidies/${application.number}`, login: 'cs-first-1' });
  const list = await db('disclosures').where({ class_id: paid.id }).first('number');
  visits.push({ path: `/disclosures/${list.number}`, login: undefined });
  return visits.filter(({ path, login }, at) => visits.findIndex((one) => one.path === path && one.login === login) === at);
}

/** Pages for programs, of one moment, or that only send on. */
const leftOut = new Set(['/sign-in/resume', '/simulators', '/tasks/next', '/clock/totals', '/metrics']);
