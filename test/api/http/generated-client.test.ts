/** A client generated from the document, checked by the compiler, walks a part of a class's life: the document is enough to work by. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiDocument } from '../../../api/api-docs/openapi.ts';
import { sampleMaterial } from '../../../db/formats/sample-materials.ts';
import { cleanRosterCsv } from '../../../db/formats/sample-rosters.ts';
import { generateClient } from '../../support/client-generator.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { daysOfFortnight, openProvince, type Province } from '../../support/province.ts';

const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/bin/tsc');
const tsx = pathToFileURL(require.resolve('tsx')).href;
const run = promisify(execFile);

/** What somebody writes who knows the document and nothing else of the product. */
const program = `
import { readFileSync } from 'node:fs';
import * as shiming from './client.ts';

const [origin = '', stage = '', number = ''] = process.argv.slice(2);
const days: string[] = JSON.parse(readFileSync(new URL('./days.json', import.meta.url), 'utf8'));

async function signIn(login: string): Promise<shiming.Send> {
  const { body } = await shiming.expectOk(shiming.postDemoSwitch({ origin }, { body: { login } }));
  return { origin, token: body.token };
}

function form(name: string, type: string, fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [key, value] of Object.entries(fields)) data.set(key, value);
  data.set('file', new Blob([new Uint8Array(readFileSync(new URL(name, import.meta.url)))], { type }), name);
  return data;
}

async function draft(): Promise<string> {
  const school = await signIn('kangning-1');
  const { body: choices } = await shiming.expectOk(shiming.getClassesNew(school));
  const venueId = choices.venues.find((venue) => venue.capacity >= 50)?.id ?? '';
  const plan: shiming.ClassForm = {
    projectId: choices.projects.find((project) => project.name === '中式烹调师（五级）')?.id ?? '',
    title: '中式烹调师（五级）第 31 期',
    plan: '逐日考勤。',
    startDate: days.at(0) ?? '',
    endDate: days.at(-1) ?? '',
    venueId,
    assessorId: choices.assessors.at(0)?.id ?? '',
  };
  const headers = { 'Idempotency-Key': 'one-draft' };
  const { body: made } = await shiming.expectOk(shiming.postClasses(school, { headers, body: plan }));
  const again = await shiming.expectOk(shiming.postClasses(school, { headers, body: plan }));
  if (again.body.number !== made.number) throw new Error('the same key made two classes');

  const path = { number: made.number };
  const shown = await shiming.expectOk(shiming.getClassesByNumber(school, { path }));
  const seen = { 'If-Match': shown.headers.get('etag') ?? '' };
  await shiming.expectOk(shiming.postClassesByNumberEdit(school, { path, headers: seen, body: { ...plan, plan: '第一周理论，第二周实操，逐日考勤。' } }));
  const stale = await shiming.postClassesByNumberEdit(school, { path, headers: seen, body: plan });
  if (stale.status !== 412) throw new Error('a stale form was saved: ' + stale.status);

  const sessions = days.flatMap((day, at) =>
    (['morning', 'afternoon'] as const).map((half): shiming.SessionForm => ({
      day, half, hours: 4, kind: half === 'morning' ? 'theory' : 'practice', topic: '刀工', teacherId: choices.teachers.at(at % 2)?.id ?? '', venueId,
    })),
  );
  await shiming.expectOk(shiming.postClassesByNumberTimetableEdit(school, { path, body: { sessions } }));
  const roster = await shiming.expectOk(shiming.postClassesByNumberRoster(school, { path, body: form('roster.csv', 'text/csv', {}) }));
  if (roster.body.trainees !== 5) throw new Error('not five trainees');
  for (const file of ['plan.pdf', 'teachers.pdf', 'venue.png'])
    await shiming.expectOk(shiming.postClassesByNumberMaterials(school, { path, body: form(file, 'application/octet-stream', { kind: file.slice(0, -4) }) }));
  await shiming.expectOk(shiming.postClassesByNumberSubmit(school, { path, body: {} }));
  return made.number;
}

async function review(): Promise<string> {
  const officer = await signIn('cs-first-1');
  let found: shiming.Task | undefined;
  for (let after: string | null | undefined; after !== null && !found; ) {
    const { body } = await shiming.expectOk(shiming.getTasks(officer, { query: { size: 1, ...(after ? { after } : {}) } }));
    found = body.tasks.find((task) => task.number === number);
    after = body.next;
  }
  if (!found) throw new Error('the class is not in the queue');
  const path = { procedure: found.procedure, step: found.step, round: String(found.round) };
  const { headers, body: shown } = await shiming.expectOk(shiming.getTasksByProcedureByStepByRound(officer, { path }));
  if (shown.evidence.kind !== 'plan_review') throw new Error('no plan to review: ' + shown.evidence.kind);
  const point = shown.evidence.checks.find(({ field }) => field === 'plan')?.field ?? '';
  if (shown.evidence.roster.some(({ idMasked }) => !idMasked.includes('*'))) throw new Error('an identity number is not masked');
  const { body } = await shiming.expectOk(
    shiming.postTasksByProcedureByStepByRoundDecide(officer, {
      path,
      headers: { 'If-Match': headers.get('etag') ?? '', Prefer: 'wait=1', 'Idempotency-Key': 'one-decision' },
      body: { outcome: 'return', reason: '教学计划过于简略。', items: [{ field: point, text: '请补充每日安排' }] },
    }),
  );
  return body.outcome;
}

process.stdout.write(await (stage === 'draft' ? draft() : review()));
`;

describe('[F36] a client generated from the document', { timeout: 240_000 }, () => {
  let province: Province;
  let folder: string;
  beforeAll(async () => {
    province = await openProvince();
    folder = mkdtempSync(join(tmpdir(), 'shiming-client-'));
    const document = (await (await fetch(`${province.origin}/openapi.json`)).json()) as ApiDocument;
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      lib: ['es2023'],
      types: ['node'],
      typeRoots: [join(import.meta.dirname, '..', '..', '..', 'node_modules', '@types')],
    };
    const files: Record<string, string | Buffer> = {
      'package.json': '{"type":"module"}',
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
      'client.ts': generateClient(document),
      'program.ts': program,
      'days.json': JSON.stringify(daysOfFortnight(0)),
      'roster.csv': cleanRosterCsv(5, 31),
    };
    for (const kind of ['plan', 'teachers', 'venue'] as const)
      files[`${kind}.${kind === 'venue' ? 'png' : 'pdf'}`] = sampleMaterial(kind).content;
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  }, 120_000);
  afterAll(async () => {
    await province?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const walk = async (...args: string[]) =>
    (await run(process.execPath, ['--import', tsx, join(folder, 'program.ts'), province.origin, ...args])).stdout;

  test('is accepted by the compiler, and a wrong field is not', async () => {
    const checked = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error);
    expect(checked.stdout).toBe('');
    writeFileSync(
      join(folder, 'wrong.ts'),
      `import * as shiming from './client.ts';\nexport const form: shiming.ClassForm = { projectId: 1 };\n`,
    );
    const refused = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error);
    rmSync(join(folder, 'wrong.ts'));
    expect(refused.stdout).toContain('wrong.ts');
  });

  test('drafts a class, is refused where it is stale, submits it, finds it page by page and sends it back', async () => {
    const number = await walk('draft');
    expect(await province.db('classes').where({ number }).first('status', 'plan')).toMatchObject({ status: 'in_review' });
    await province.step(`class-${number}`, 'pre_training', {
      asks: [firstReview],
    });
    expect(await walk('review', number)).toBe('return');
    const decided = await province.db('tasks').where({ subject_number: number, status: 'decided' }).first('outcome');
    expect(decided).toEqual({ outcome: 'return' });
  });
});
