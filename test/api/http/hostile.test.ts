/** Requests that no form of ours sends: what they hold is refused with words at its field, and nothing is half done. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Choices, draftClass, openProvince, type Province } from '../../support/province.ts';

let province: Province;
let projectId = '';
beforeAll(async () => {
  province = await openProvince();
  const school = await province.as('kangning-1');
  projectId = (await school.get<Choices>('/classes/new')).body.projects[0]?.id ?? '';
});
afterAll(() => province.close());

type Problem = { code: string; issues?: { field: string; code: string }[] };

async function raw(path: string, body: string, headers: Record<string, string> = {}, login?: string) {
  const token = login ? (await province.as(login)).token : undefined;
  const response = await fetch(`${province.origin}${path}`, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body,
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Problem };
}

const drafts = async (): Promise<number> => Number((await province.db('classes').count('id as n'))[0]?.n);
const issuesOf = (body: unknown) => (body as Problem).issues?.map(({ field, code }) => `${field} ${code}`);

async function draft(fields: Record<string, unknown>, headers: Record<string, string> = {}) {
  return (await province.as('kangning-1')).post('/classes', { projectId, title: '测试班次', ...fields }, { headers });
}

describe('characters', () => {
  test('NUL is told at its field, and an address that holds it does not exist', async () => {
    const before = await drafts();
    for (const [fields, told] of [
      [{ title: 'a\u0000b' }, 'title text'],
      [{ plan: 'a\u0000b' }, 'plan text'],
    ] as const) {
      const answer = await draft(fields);
      expect(answer.status).toBe(422);
      expect(issuesOf(answer.body)).toEqual([told]);
    }
    expect(await drafts()).toBe(before);
    const officer = await province.as('cs-pay-1');
    expect(issuesOf((await officer.get('/tasks?q=%00')).body)).toEqual(['q text']);
    for (const path of ['/payments/%00', '/subsidies/%00', '/disclosures/%00', '/objections/%00'])
      expect((await officer.get(path)).status, path).toBe(404);
  });

  test('half of a pair of UTF-16 is told at its field as well, before it comes to the record', async () => {
    const answer = await draft({ title: 'a\ud800b' });
    expect([answer.status, issuesOf(answer.body)]).toEqual([422, ['title text']]);
    const officer = await province.as('cs-first-1');
    const named = await officer.post('/substitutions', {
      substitute: randomUUID(),
      role: 'first_reviewer',
      region: '350104',
      from: '2026-03-02',
      until: '2026-03-02',
      reason: '出差\udfff',
    });
    expect([named.status, issuesOf(named.body)]).toEqual([422, ['reason text']]);
  });

  test('titles and topics are one line: nothing that breaks it or turns its direction', async () => {
    for (const title of ['第一期\n已批准', '第一期\u202e期二第', '第一期\u0007', '第一期\u2066x'])
      expect(issuesOf((await draft({ title })).body)).toEqual(['title oneLine']);
    expect((await draft({ title: '第一期 👩🏽‍🍳 「厨艺」' })).status).toBe(201);
  });

  test('markup in a title is text on every page that shows it', async () => {
    const title = `<img src=x onerror=alert(1)>"'{{7*7}}$t(common.brand)`;
    const number = await draftClass(province, { title, seed: 71, login: 'shifan-1', trainees: 4 });
    const school = await province.browser('shifan-1');
    expect((await school.post(`/classes/${number}/submit`, { version: '' })).status).toBe(303);
    const officer = await province.browser('cs-first-1');
    for (const [who, path] of [
      [school, '/classes'],
      [school, `/classes/${number}`],
      [officer, `/classes/${number}/timeline`],
      [officer, `/classes/${number}/roster?lang=en`],
    ] as const) {
      const { status, html } = await who.get(path);
      expect(status, path).toBe(200);
      expect(html, path).not.toContain('<img src=x');
      expect(html, path).toContain('&lt;img src');
      expect(html, path).toContain('$t(common.brand)');
    }
  });
});

describe('numbers and dates', () => {
  test('days that no calendar here knows are told at their fields', async () => {
    for (const day of ['0000-01-01', '0001-01-01', '9999-12-31'])
      expect(issuesOf((await draft({ startDate: day, endDate: day })).body), day).toEqual(['startDate dateRange', 'endDate dateRange']);
    expect(issuesOf((await draft({ startDate: '0000-00-00' })).body)).toEqual(['startDate date']);
    const number = await draftClass(province, { seed: 72, trainees: 0 });
    const { teachers, venues } = (await (await province.as('kangning-1')).get<Choices>('/classes/new')).body;
    const session = { half: 'morning', hours: 4, kind: 'theory', topic: '讲', teacherId: teachers[0]?.id, venueId: venues[0]?.id };
    const timetable = await (await province.as('kangning-1')).post(`/classes/${number}/timetable/edit`, {
      sessions: [{ ...session, day: '0000-01-01' }],
    });
    expect(issuesOf(timetable.body)).toEqual(['sessions.0.day dateRange']);
    const closure = await (await province.as('system-1')).post('/admin/calendar/closures', { firstDay: '0000-01-01' });
    expect(issuesOf(closure.body)).toContain('firstDay dateRange');
  });

  test('a number beyond every column is no failure of ours', async () => {
    const number = await draftClass(province, { seed: 73, trainees: 0 });
    const school = await province.as('kangning-1');
    for (const version of [-1, 99_999_999_999, Number.MAX_SAFE_INTEGER, '1e10', 1.5, {}, []]) {
      const { status } = await school.post(`/classes/${number}/submit`, { version });
      expect([409, 422], JSON.stringify(version)).toContain(status);
    }
  });
});

describe('bodies', () => {
  test('nesting without end is refused before anything walks it', async () => {
    const lists = `{"outcome":"approve","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const records = `{"outcome":"approve","x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    for (const body of [lists, records]) {
      const answer = await raw('/classes', body, { 'idempotency-key': randomUUID() }, 'kangning-1');
      expect([answer.status, issuesOf(answer.body)]).toEqual([422, [' unreadable']]);
    }
    const form = await raw('/classes', `a${'[b]'.repeat(5_000)}=1`, { 'content-type': 'application/x-www-form-urlencoded' }, 'kangning-1');
    expect([form.status, issuesOf(form.body)]).toEqual([422, [' unreadable']]);
    // Nor is it walked where the form of an ended session is kept.
    const visitor = await province.browser('kangning-2');
    await visitor.expire();
    expect((await visitor.post('/classes', { [`a${'[b]'.repeat(5_000)}`]: '1' })).status).toBe(422);
  });

  test('a body that is not packed as it says is unreadable, not an unknown page', async () => {
    const answer = await raw('/classes', '{}', { 'content-encoding': 'gzip' }, 'kangning-1');
    expect([answer.status, issuesOf(answer.body)]).toEqual([422, [' unreadable']]);
  });

  test('large ones are read only of who is signed in', async () => {
    const body = JSON.stringify({ projectId, title: '长', plan: '字'.repeat(100_000) });
    const stranger = await raw('/classes', body);
    expect([stranger.status, issuesOf(stranger.body)]).toEqual([422, [' bodyTooLarge']]);
    const known = await raw('/classes', body, {}, 'kangning-1');
    expect(issuesOf(known.body)).toEqual(['title tooShort', 'plan tooLong']);
  });

  test('names of the language itself are fields like any other', async () => {
    const named = `{"projectId":"${projectId}","title":"原型","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`;
    expect((await raw('/classes', named, {}, 'kangning-1')).status).toBe(201);
    const form = `projectId=${projectId}&title=${encodeURIComponent('原型')}&__proto__[polluted]=1&constructor[prototype][polluted]=1&toString=1`;
    expect((await raw('/classes', form, { 'content-type': 'application/x-www-form-urlencoded' }, 'kangning-1')).status).toBe(201);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a form with such a name is drawn again as any other, and so is what was kept of it', async () => {
    const school = await province.browser('kangning-2');
    for (const name of ['toString', 'valueOf', 'toHTML', 'toJSON', 'a']) {
      expect([name, (await school.post('/classes', { [`title[${name}]`]: 'x' })).status]).toEqual([name, 422]);
      expect([name, (await school.post('/drafts/new-class', { [`title[${name}]`]: 'x', plan: '写了一半' })).status]).toEqual([name, 303]);
      const page = await school.get('/classes/new');
      expect([name, page.status, page.html.includes('写了一半')]).toEqual([name, 200, true]);
      const officer = await province.browser('cs-first-1');
      expect([name, (await officer.post('/substitutions', { [`reason[${name}]`]: 'x' })).status]).toEqual([name, 422]);
      const number = await draftClass(province, { seed: 78, login: 'kangning-2', trainees: 0, materials: false });
      const upload = await school.upload(`/classes/${number}/materials`, { name: 'a.pdf', content: 'x' }, { [`kind[${name}]`]: 'x' });
      expect([name, upload.status]).toEqual([name, 422]);
    }
  });

  test('a field that belongs to the record is not taken from a form', async () => {
    const number = await draftClass(province, { seed: 74, trainees: 0 });
    const saved = await (await province.as('kangning-1')).post(`/classes/${number}/edit`, {
      projectId,
      title: '只有题目',
      status: 'paid',
      region: '350102',
      institution_id: randomUUID(),
      number: '350104-2026-99999',
    });
    expect(saved.status).toBe(200);
    const row = await province.db('classes').where({ number }).first('status', 'region', 'title');
    expect(row).toEqual({ status: 'draft', region: '350104', title: '只有题目' });
  });
});

describe('Idempotency-Key', () => {
  test('one that is too long is refused, not passed over: its sender would believe himself safe', async () => {
    const before = await drafts();
    const answer = await draft({}, { 'idempotency-key': 'k'.repeat(201) });
    expect([answer.status, issuesOf(answer.body)]).toEqual([422, ['idempotencyKey tooLong']]);
    expect(await drafts()).toBe(before);
  });

  test('another body under it is a conflict, another person has keys of their own, four at once do one thing', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await draft({ title: '甲班' }, key);
    expect((await draft({ title: '乙班' }, key)).body).toMatchObject({ code: 'idempotency.otherRequest' });
    expect((await draft({ title: '甲班' }, key)).body).toEqual(first.body);
    const colleague = await (await province.as('kangning-2')).post('/classes', { projectId, title: '甲班' }, { headers: key });
    expect(colleague.body['number']).not.toBe(first.body['number']);
    const again = { 'idempotency-key': randomUUID() };
    const numbers = await Promise.all([1, 2, 3, 4].map(async () => (await draft({ title: '四次' }, again)).body['number']));
    expect(new Set(numbers).size).toBe(1);
  });

  test('a double click on saving is one saving, and no word of somebody else’s', async () => {
    const number = await draftClass(province, { seed: 75, trainees: 0 });
    const school = await province.as('kangning-1');
    const { version } = (await school.get<{ version: number }>(`/classes/${number}`)).body;
    const key = randomUUID();
    const save = () => school.post(`/classes/${number}/edit`, { projectId, title: '双击保存', version }, { key });
    const answers = await Promise.all([save(), save()]);
    expect(answers.map((answer) => answer.body)).toEqual([
      { number, version: version + 1 },
      { number, version: version + 1 },
    ]);
    const other = randomUUID();
    const clear = () => school.post(`/classes/${number}/timetable/edit`, { sessions: [], version: version + 1 }, { key: other });
    expect((await Promise.all([clear(), clear()])).map((answer) => answer.status)).toEqual([200, 200]);
  });

  test('another file under it is another request', async () => {
    const number = await draftClass(province, { seed: 76, trainees: 3 });
    const school = await province.as('kangning-1');
    const send = async (file: Buffer) => {
      const form = new FormData();
      form.set('file', new Blob([new Uint8Array(file)]), '花名册.csv');
      const headers = { accept: 'application/json', authorization: `Bearer ${school.token}`, 'idempotency-key': 'upload-1' };
      return (await fetch(`${province.origin}/classes/${number}/roster`, { method: 'POST', body: form, headers })).status;
    };
    const sample = (n: number) => school.download(`/demo/roster-clean.csv?n=${n}&seed=76`);
    const [small, large] = [await sample(3), await sample(4)];
    expect([await send(small), await send(small), await send(large)]).toEqual([200, 200, 409]);
    expect((await school.get<{ trainees: unknown[] }>(`/classes/${number}/roster`)).body.trainees).toHaveLength(3);
  });
});

describe('the session', () => {
  test('a file from another page, without the token, is refused', async () => {
    const number = await draftClass(province, { seed: 77, trainees: 3 });
    const { token } = await province.as('kangning-1');
    const form = new FormData();
    form.set('file', new Blob(['x']), '花名册.csv');
    const headers = { accept: 'application/json', cookie: `shiming-session=${token}` };
    const answer = await fetch(`${province.origin}/classes/${number}/roster`, { method: 'POST', body: form, headers });
    expect([answer.status, ((await answer.json()) as Problem).code]).toEqual([403, 'csrf.token']);
  });

  test('a grant that ends today is over today, within the running session', async () => {
    const officer = await province.as('gl-supervise-1');
    expect((await officer.get('/board')).status).toBe(200);
    await province
      .db('grants')
      .whereIn('user_id', province.db('users').where({ login: 'gl-supervise-1' }).select('id'))
      .update({ valid_to: province.db.raw('business_today()') });
    expect((await officer.get('/board')).status).toBe(403);
  });
});

test('the document names what is handed out, made and refused', async () => {
  const document = (await (await fetch(`${province.origin}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, unknown> }> }>>;
    components: { schemas: Record<string, { additionalProperties?: unknown }> };
  };
  const answers = (path: string, method: string) => document.paths[path]?.[method]?.responses ?? {};
  expect(Object.keys(answers('/payments/{number}/file', 'get')['200']?.content ?? {})).toEqual(['text/plain; charset=gb18030']);
  expect(Object.keys(answers('/classes', 'post'))).toContain('201');
  expect(Object.keys(answers('/classes/{number}/edit', 'get'))).toContain('409');
  expect(Object.keys(answers('/disclosures/{number}/objections', 'post'))).toContain('429');
  expect(document.components.schemas['ClaimLine']?.additionalProperties).toBeUndefined();
});
