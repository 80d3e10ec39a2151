/** The demonstration province behind its counters, without Temporal: people sign in over HTTP, and the steps of a procedure are taken by hand. */
import { createHash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import pino from 'pino';
import { actsOfOffice, findAct } from '../../activities/acts.ts';
import { readApiConfig } from '../../api/config.ts';
import { type RunningApi, startApi } from '../../api/server.ts';
import { closeDatabase, openDatabase } from '../../db/client.ts';
import { loadDemonstration } from '../../db/demonstration/load.ts';
import { sampleMaterial } from '../../db/formats/sample-materials.ts';
import { cleanRosterCsv } from '../../db/formats/sample-rosters.ts';
import { findProcedure } from '../../db/protocol/procedures.ts';
import { takeStep } from '../../db/protocol/steps.ts';
import { openVault, type Vault } from '../../db/vault.ts';
import { type Person, signIn } from '../../start/demonstration/person.ts';
import { addDays } from '../../workflows/domain/calendar/calendar.ts';
import type { Ask } from '../../workflows/domain/procedures.ts';
import { freshDatabase } from './servers.ts';
import type { OfficeAct } from '../../workflows/domain/office-acts.ts';
import { correction, review as firstReviewAsk } from './by-hand/asks.ts';

/** Somebody in a browser: pages as text, forms with the token of the session. */
export type Visitor = {
  get(path: string): Promise<{ status: number; html: string; location: string | null }>;
  post(
    path: string,
    fields?: Record<string, string>,
  ): Promise<{ status: number; html: string; location: string | null; setCookies: string[] }>;
  upload(
    path: string,
    file: { name: string; content: Buffer | string },
    fields?: Record<string, string>,
  ): Promise<{ status: number; html: string; location: string | null }>;
  /** Ends the session as an idle hour would. */
  expire(): Promise<void>;
};

export type Province = {
  origin: string;
  /** As the owner of the schema: for looking, and for planting. */
  db: Knex;
  vault: Vault;
  as(login: string): Promise<Person>;
  browser(login: string): Promise<Visitor>;
  /** Takes the next step of a procedure, with the real acts of the office. */
  step(procedureId: string, stage: string, more?: { step?: string; asks?: Ask[]; acts?: OfficeAct[] }): Promise<void>;
  close(): Promise<void>;
};

export async function openProvince(config: { demo?: boolean; trustedProxies?: number; publicUrl?: string } = {}): Promise<Province> {
  const database = await freshDatabase();
  const owner = openDatabase(database.url, { owner: true, max: 2 });
  const db = openDatabase(database.url, { max: 8 });
  await loadDemonstration(owner, { passwordHash: 'nobody signs in by password here', clockSpeed: 1 });
  const vault = openVault({ keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) });
  const api: RunningApi = await startApi({
    db,
    vault,
    config: readApiConfig({ port: 0, demo: true, strict: true, secret: randomBytes(32), ...config }, {}),
    log: pino({ level: 'silent' }),
    checks: {},
  });
  const people = new Map<string, Promise<Person>>();
  const as = (login: string): Promise<Person> => {
    const known = people.get(login) ?? signIn(api.url, login);
    people.set(login, known);
    return known;
  };
  return {
    origin: api.url,
    db: owner,
    vault,
    as,
    browser: async (login) => visitor(api.url, owner, (await signIn(api.url, login)).token),
    async step(procedureId, stage, { step = stage, asks = [], acts = [] } = {}) {
      const at = await findProcedure(db, procedureId);
      if (!at) throw new Error(`no procedure ${procedureId}`);
      const input = { procedureId, stepNo: at.step_no + 1, appliedNo: at.fact_no, stage, step, acts, asks, cancels: [], flags: {} };
      await takeStep(db, input, async (trx, procedure) => {
        let flags = {};
        for (const act of acts) flags = { ...flags, ...(await findAct(actsOfOffice, act.act)?.({ trx, procedure, act, flags, vault })) };
        return flags;
      });
    },
    async close() {
      await api.close();
      await closeDatabase(db);
      await closeDatabase(owner);
      await database.drop();
    },
  };
}

async function visitor(origin: string, db: Knex, token: string): Promise<Visitor> {
  const idHash = createHash('sha256').update(token).digest();
  const session = await db('sessions').where({ id_hash: idHash }).first('csrf_token');
  const headers = { accept: 'text/html', cookie: `shiming-session=${token}` };
  const own = { ...headers, origin, 'sec-fetch-site': 'same-origin' };
  const answer = async (response: Response) => ({
    status: response.status,
    html: await response.text(),
    location: response.headers.get('location'),
    setCookies: response.headers.getSetCookie(),
  });
  return {
    get: async (path) => answer(await fetch(`${origin}${path}`, { headers, redirect: 'manual' })),
    post: async (path, fields = {}) =>
      answer(
        await fetch(`${origin}${path}`, {
          method: 'POST',
          headers: own,
          body: new URLSearchParams({ _csrf: session.csrf_token, ...fields }),
          redirect: 'manual',
        }),
      ),
    async upload(path, file, fields = {}) {
      const form = new FormData();
      for (const [name, value] of Object.entries({ _csrf: session.csrf_token, ...fields })) form.set(name, value);
      form.set('file', new Blob([new Uint8Array(Buffer.from(file.content as string))]), file.name);
      return answer(await fetch(`${origin}${path}`, { method: 'POST', headers: own, body: form, redirect: 'manual' }));
    },
    async expire() {
      await db('sessions')
        .where({ id_hash: idHash })
        .update({ expires_at: db.raw(`now() - interval '1 second'`) });
    },
  };
}

export type Choices = {
  projects: { id: string; name: string }[];
  venues: { id: string; capacity: number }[];
  teachers: { id: string; name: string }[];
  assessors: { id: string; name: string }[];
};
export type DraftOptions = {
  login?: string;
  title?: string;
  trainees?: number;
  seed?: number /** Classes of one fortnight share teachers and rooms; another one for each class unless told. */;
  fortnight?: number;
  /** What the policy pack requires is attached unless told otherwise. */
  materials?: boolean;
};

let fortnights = 0;

/** Eight weekdays of the n-th fortnight from Monday, 23 March 2026. */
export function daysOfFortnight(n: number): string[] {
  return [0, 1, 2, 3, 4, 7, 8, 9].map((day) => addDays('2026-03-23', n * 14 + day));
}

/** A complete draft by the institution itself, over REST: plan, timetable, roster, materials. Returns its number. */
export async function draftClass(province: Pick<Province, 'as'>, options: DraftOptions = {}): Promise<string> {
  const {
    login = 'kangning-1',
    title = '中式烹调师（五级）第 11 期',
    trainees = 10,
    seed = 1,
    fortnight = fortnights++,
    materials = true,
  } = options;
  const days = daysOfFortnight(fortnight);
  const school = await province.as(login);
  const choices = (await school.get<Choices>('/classes/new')).body;
  const venueId = choices.venues.find((venue) => venue.capacity >= 50)?.id;
  const made = await school.post<{ number: string }>('/classes', {
    projectId: choices.projects.find((project) => project.name === '中式烹调师（五级）')?.id,
    title,
    plan: '面向农村转移就业劳动者，逐日考勤。',
    startDate: days[0],
    endDate: days.at(-1),
    venueId,
    assessorId: choices.assessors[0]?.id,
  });
  if (made.status !== 201) throw new Error(`draft: ${made.status} ${JSON.stringify(made.body)}`);
  const number = made.body.number;
  const sessions = days.flatMap((day, at) =>
    (['morning', 'afternoon'] as const).map((half) => ({
      day,
      half,
      hours: 4,
      kind: half === 'morning' ? 'theory' : 'practice',
      topic: `第 ${at + 1} 讲`,
      teacherId: choices.teachers[at % 2]?.id,
      venueId,
    })),
  );
  const saved = await school.post(`/classes/${number}/timetable/edit`, { sessions });
  if (saved.status !== 200) throw new Error(`timetable: ${saved.status} ${JSON.stringify(saved.body)}`);
  if (trainees > 0) {
    const uploaded = await school.upload(`/classes/${number}/roster`, 'file', {
      name: '花名册.csv',
      content: cleanRosterCsv(trainees, seed),
    });
    if (uploaded.status !== 200) throw new Error(`roster: ${uploaded.status} ${JSON.stringify(uploaded.body)}`);
  }
  for (const kind of materials ? (['plan', 'teachers', 'venue'] as const) : []) {
    const attached = await school.upload(`/classes/${number}/materials`, 'file', sampleMaterial(kind), { kind });
    if (attached.status !== 201) throw new Error(`material: ${attached.status} ${JSON.stringify(attached.body)}`);
  }
  return number;
}

/** A submitted class that the first reviewer has sent back, as the procedure would. */
export async function returnClass(province: Province, seed: number): Promise<string> {
  const number = await draftClass(province, { seed, login: 'shifan-1', trainees: 4 });
  const school = await province.as('shifan-1');
  await accepted(school.post(`/classes/${number}/submit`));
  const id = `class-${number}`;
  const review: Ask = { ...firstReviewAsk, workingDays: 3 };
  await province.step(id, 'pre_training', { asks: [review] });
  const officer = await province.as('cs-first-1');
  await accepted(
    officer.post(`/tasks/${id}/pre_training.first_review/1/decide`, {
      outcome: 'return',
      reason: '教学计划过于简略',
      items: [{ field: 'plan', text: '补充每日安排' }],
    }),
  );
  const acts: OfficeAct[] = [
    { act: 'setClassStatus', code: 'correction' },
    { act: 'issueCorrectionNotice', factNo: 2, taskId: `${id}/pre_training.first_review/1` },
  ];
  await province.step(id, 'pre_training', { step: 'correction', asks: [correction], acts });
  return number;
}

async function accepted(sent: Promise<{ status: number; body: unknown }>): Promise<void> {
  const { status, body } = await sent;
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
}
