/** The audit log as its administrator reads it: filters, subtree, export, chain. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCsv } from '../../../db/formats/csv.ts';
import { firstReview } from '../../support/by-hand/cases.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';
import { accountsIn, good, issuesOf } from './account-makers.ts';

let province: Province;
const { newAccount, settled, granted } = accountsIn(() => province);

beforeAll(async () => {
  province = await openProvince();
}, 60_000);
afterAll(() => province?.close());

describe('[N20] the audit log', () => {
  type Log = {
    lines: { id: number; act: string; person: string | null; subject: string; at: string; detail: Record<string, unknown> }[];
    next: number | null;
  };

  test('[N20] reads of personal data are on it; it is filtered by person, act, subject and day, page by page', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 61 });
    expect((await (await province.as('kangning-1')).post(`/classes/${number}/submit`)).status).toBe(200);
    const officer = await province.as('cs-first-1');
    await province.step(`class-${number}`, 'pre_training', { asks: [firstReview] });
    const enrolment = await province
      .db('enrolments as e')
      .join('classes as c', 'c.id', 'e.class_id')
      .where({ 'c.number': number })
      .first('e.id');
    const task = `class-${number}/pre_training.first_review/1`;
    const revealed = await officer.post(`/tasks/${task}/reveal`, { enrolmentId: enrolment.id, purpose: '核对证件' });
    expect(revealed.status, JSON.stringify(revealed.body)).toBe(200);
    const admin = await province.as('auditadmin-1');
    const reads = (await admin.get<Log>('/admin/audit?reads=1&person=cs-first-1')).body.lines;
    expect(reads).toMatchObject([
      { act: 'person.reveal', person: 'cs-first-1', subject: `class-${number}`, detail: { purpose: '核对证件' } },
    ]);
    const day = reads[0]?.at.slice(0, 10);
    expect((await admin.get<Log>(`/admin/audit?act=person.reveal&subject=class-${number}&from=${day}&to=${day}`)).body.lines).toHaveLength(
      1,
    );
    expect((await admin.get<Log>('/admin/audit?act=person.reveal&to=2026-03-01')).body.lines).toHaveLength(0);
    const all: number[] = [];
    for (let after: number | null = null; ; ) {
      const { lines, next }: Log = (await admin.get<Log>(`/admin/audit?act=class&size=2${after ? `&after=${after}` : ''}`)).body;
      all.push(...lines.map(({ id }) => id));
      if (next === null) break;
      after = next;
    }
    expect(all).toEqual([...new Set(all)].sort((a, b) => b - a));
    const count = await province.db('audit_log').where('act', 'like', 'class.%').count({ n: '*' }).first();
    expect(all).toHaveLength(Number(count?.n));
    expect((await admin.get('/admin/audit?from=yesterday')).status).toBe(422);
  });

  test('[N20] a county’s audit administrator reads what its people and its cases did, nothing of the next county', async () => {
    const county = await settled();
    await granted(county.login, 'audit_admin', '350104');
    await (await province.as('gl-first-1')).get('/account');
    const { lines } = (await county.person.get<Log>('/admin/audit?act=session&size=200')).body;
    expect(lines.some(({ person }) => person === county.login)).toBe(true);
    expect(lines.some(({ person }) => person === 'gl-first-1' || person === 'system-1')).toBe(false);
    expect((await (await province.as('auditadmin-1')).get<Log>('/admin/audit?person=gl-first-1')).body.lines.length).toBeGreaterThan(0);
  });

  test('[N20] the export is guarded against formulas, and taking it leaves a line', async () => {
    const { id } = await newAccount({ name: '=HYPERLINK("http://evil")' });
    await (await province.as('system-1')).post(`/admin/accounts/${id}/deactivate`, { reason: '=cmd|calc' });
    await province
      .db('audit_log')
      .insert({ at: new Date('2026-03-02T02:00:00Z'), actor: id, act: 'account.password', subject: '@SUM(1+1)' });
    await province.db('audit_log').insert({ at: new Date('2026-03-02T02:00:00Z'), actor: id, act: 'account.password', subject: '＝cmd|x' });
    const admin = await province.as('auditadmin-1');
    const file = await admin.download('/admin/audit/export.csv?act=account');
    const rows = file.toString('utf8');
    expect(rows).toContain(`'@SUM(1+1)`);
    expect(rows).toContain(`'＝cmd|x`);
    expect(rows).toContain(`'=HYPERLINK`);
    expect(rows).not.toMatch(/(^|,|")=HYPERLINK/m);
    const lines = (await province.db('audit_log').where('act', 'like', 'account.%').count({ n: '*' }).first())?.n;
    expect(readCsv(file)).toHaveLength(Number(lines) + 1);
    expect((await admin.get<Log>('/admin/audit?act=audit.export')).body.lines).toMatchObject([
      { person: 'auditadmin-1', detail: { act: 'account' } },
    ]);
  });

  test('[N20] a changed, a removed and a cut-off line are named; a whole chain is said to be whole', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 71 });
    const school = await province.as('kangning-1');
    expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
    const id = `class-${number}`;
    await province.step(id, 'pre_training', {
      asks: [firstReview],
    });
    await (await province.as('cs-first-1')).post(`/tasks/${id}/pre_training.first_review/1/claim`);
    const admin = await province.as('auditadmin-1');
    const prove = async () =>
      (await admin.post<{ proofs: { whole: boolean; brokenAt: number | null; lines: number }[] }>('/admin/audit/chain', { procedure: id }))
        .body.proofs[0] ?? { lines: 0 };
    const whole = await prove();
    expect(whole).toMatchObject({ whole: true, brokenAt: null });
    expect(whole.lines).toBeGreaterThanOrEqual(3);
    const line = (no: number) => province.db('audit_log').where({ procedure_id: id, no });
    const kept = await line(2).first();
    await line(2).update({ detail: { forged: true } });
    expect(await prove()).toMatchObject({ whole: false, brokenAt: 2 });
    const page = await (await province.browser('auditadmin-1')).post('/admin/audit/chain', { procedure: id });
    expect(page.html).toContain('第 2 条不符');
    await line(2).update({ detail: kept.detail });
    const last = await line(whole.lines).first();
    await line(whole.lines).delete();
    expect(await prove()).toMatchObject({ whole: false, brokenAt: whole.lines });
    await province.db('audit_log').insert({ ...last, id: undefined, detail: JSON.stringify(last.detail) });
    expect(await prove()).toMatchObject({ whole: true });
    expect(issuesOf(await admin.post('/admin/audit/chain', { procedure: 'class-350104-2026-99999' }))).toEqual([
      ['procedure', 'audit.unknown'],
    ]);
    expect(issuesOf(await admin.post('/admin/audit/chain', { procedure: '?' }))).toEqual([['procedure', 'audit.procedure']]);
  });

  test('[N20] a number as people write it names the cases to prove; one that names none is refused at its field', async () => {
    const number = await draftClass(province, { trainees: 3, seed: 72 });
    const school = await province.as('kangning-1');
    expect((await school.post(`/classes/${number}/submit`)).status).toBe(200);
    const admin = await province.as('auditadmin-1');
    type CaseProof = { whole: boolean; proofs: { procedureId: string; whole: boolean }[] };
    for (const typed of [number, number.replace(/^PX/, ''), ` ${number.toLowerCase()} `, `class-${number}`]) {
      const { body } = await admin.post<CaseProof>('/admin/audit/chain', { procedure: typed });
      expect(body.proofs, typed).toMatchObject([{ procedureId: `class-${number}`, whole: true }]);
    }
    // Of a class with a claim both are proved.
    const { id: classId } = await province.db('classes').where({ number }).first('id');
    const row = await province
      .db('procedures')
      .where({ id: `class-${number}` })
      .first();
    await province.db('procedures').insert({
      ...row,
      id: 'application-BT350104-2026-77777',
      type: 'subsidyApplication',
      class_id: classId,
      subject_number: 'BT350104-2026-77777',
    });
    const both = (await admin.post<CaseProof>('/admin/audit/chain', { procedure: number })).body;
    expect(both.whole).toBe(false);
    expect(both.proofs.map(({ procedureId, whole }) => [procedureId, whole]).sort()).toEqual([
      ['application-BT350104-2026-77777', false],
      [`class-${number}`, true],
    ]);
    expect((await admin.post<CaseProof>('/admin/audit/chain', { procedure: 'BT350104-2026-77777' })).body.proofs).toHaveLength(1);
    await province.db('procedures').where({ id: 'application-BT350104-2026-77777' }).delete();
    const refused = await (await province.browser('auditadmin-1')).post('/admin/audit/chain', { procedure: 'PX350104-2026-99998' });
    expect(refused.status).toBe(422);
    expect(refused.html).toContain('您的辖区内没有这个编号的办理件');
    expect(refused.html).toContain('value="PX350104-2026-99998"');
  });

  test('[N20] all cases are proved in steps, which say how many chains and lines; the proof outside of cases says that it is not of them', async () => {
    const admin = await province.as('auditadmin-1');
    type Step = { chains: number; lines: number; whole: boolean; broken: { procedureId: string; brokenAt: number }[]; next: string | null };
    const proveAll = async (): Promise<Step[]> => {
      const steps: Step[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const { body }: { body: Step } = await admin.post<Step>('/admin/audit/chain/cases', { after, size: 1 });
        steps.push(body);
        after = body.next;
      }
      return steps;
    };
    const ids = (await province.db('procedures').orderBy('id').select('id')).map(({ id }) => id);
    const steps = await proveAll();
    expect(steps.map(({ chains, whole }) => [chains, whole])).toEqual(ids.map(() => [1, true]));
    const counted = Number((await province.db('audit_log').whereNotNull('procedure_id').count({ n: '*' }).first())?.n);
    expect(steps.reduce((sum, { lines }) => sum + lines, 0)).toBe(counted);
    const line = () => province.db('audit_log').where({ procedure_id: ids[1], no: 1 });
    const kept = await line().first();
    await line().update({ detail: { forged: true } });
    expect((await proveAll()).flatMap(({ broken }) => broken)).toMatchObject([{ procedureId: ids[1], brokenAt: 1 }]);
    const browser = await province.browser('auditadmin-1');
    expect((await browser.post('/admin/audit/chain/cases', { size: '1' })).html).toContain('继续校验');
    expect((await browser.post('/admin/audit/chain/cases')).html).toContain('1 个办理件的哈希链不符');
    await line().update({ detail: kept.detail });
    expect((await browser.post('/admin/audit/chain/cases')).html).toContain(
      `已校验办理件哈希链 ${ids.length} 条（现有 ${ids.length} 条），记录 ${counted} 条`,
    );
    const { html } = await browser.post('/admin/audit/chain/log');
    expect(html).toContain('完好：办理件以外的每一条记录');
    expect(html).toContain('已校验办理件以外的哈希链 257 条');
    expect(html).toContain(`办理件的哈希链 ${ids.length} 条不在其中`);
  });

  test('[N20] every line outside of cases is on a chain too: a flipped byte, a removed and a cut-off line are named', async () => {
    const admin = await province.as('auditadmin-1');
    type LogProof = { whole: boolean; lines: number; broken: { lane: number; no: number }[] };
    const prove = async () => (await admin.post<LogProof>('/admin/audit/chain/log')).body;
    const { id, login } = await settled();
    await granted(login, 'inspector');
    // Many at once, of one person and of nobody: no number is given twice and none is left out.
    const at = (password: string, name: string) =>
      fetch(`${province.origin}/sign-in`, {
        method: 'POST',
        headers: { accept: 'application/json' },
        body: new URLSearchParams({ login: name, password }),
      });
    await Promise.all([...Array(8).keys()].map((n) => at(n % 2 ? good : 'wrong', n < 4 ? login : 'nobody')));
    expect((await province.db('audit_log').whereNull('hash').orWhereNull('no').count({ n: '*' }).first())?.n).toBe(0);
    expect(await prove()).toMatchObject({ whole: true, broken: [] });

    const acts = ['session.begin', 'session.refuse', 'grant.confirm', 'account.setUp'];
    for (const act of acts) {
      const line = () => province.db('audit_log').where({ act }).orderBy('id', 'desc');
      const kept = await line().first();
      const flips = {
        subject: `${kept.subject.slice(0, -1)}~`,
        detail: { forged: true },
        recorded_at: new Date(kept.recorded_at.getTime() + 1),
      };
      for (const [column, value] of Object.entries(flips)) {
        const exact = await province
          .db('audit_log')
          .where({ id: kept.id })
          .first(province.db.raw(`${column}::text as text`));
        await province
          .db('audit_log')
          .where({ id: kept.id })
          .update({ [column]: value });
        expect((await prove()).broken, `${act} ${column}`).toEqual([{ lane: kept.lane, no: kept.no }]);
        const cast = { subject: 'text', detail: 'jsonb', recorded_at: 'timestamptz' }[column];
        await province
          .db('audit_log')
          .where({ id: kept.id })
          .update({ [column]: province.db.raw(`cast(? as ${cast})`, [exact.text]) });
        expect((await prove()).whole).toBe(true);
      }
    }
    const forged = await province
      .db('audit_log')
      .where({ act: 'grant.confirm', subject: `account-${id}` })
      .first();
    await province
      .db('audit_log')
      .where({ id: forged.id })
      .update({ detail: { role: 'approver' } });
    const shown = await (await province.browser('auditadmin-1')).post('/admin/audit/chain/log');
    for (const words of [`日志链 ${forged.lane} · 第 ${forged.no} 条不符`, '确认授权', `account-${id}`])
      expect(shown.html).toContain(words);
    await province.db('audit_log').where({ id: forged.id }).update({ detail: forged.detail });

    // Removed in the middle, and cut off at the end.
    await province.db.raw('create table kept_audit as select * from audit_log');
    const lane = await province.db('audit_log').where({ act: 'session.refuse' }).whereNull('actor').orderBy('no');
    for (const gone of [lane[0], lane.at(-1)]) {
      await province.db('audit_log').where({ id: gone.id }).delete();
      expect((await prove()).broken).toEqual([{ lane: 0, no: gone.no }]);
      await province.db.raw('alter table audit_log disable trigger audit_log_chain');
      await province.db.raw('insert into audit_log overriding system value select * from kept_audit where id = ?', [gone.id]);
      await province.db.raw('alter table audit_log enable trigger audit_log_chain');
      expect((await prove()).whole).toBe(true);
    }
  });

  test('[N20] nobody passes the chains by: the processes cannot move a head, and a line without a link is refused', async () => {
    const denied = (sql: string) =>
      expect(
        province.db.transaction(async (trx) => {
          await trx.raw('set local role shiming_app');
          await trx.raw(sql);
        }),
        sql,
      ).rejects.toThrow('permission denied');
    await denied('update audit_lanes set no = 0');
    await denied('delete from audit_lanes');
    await denied('insert into audit_lanes (lane) values (300)');
    // When a line was written, and its number, nobody chooses.
    await denied("insert into audit_log (at, act, subject, recorded_at) values (now(), 'x.y', 'x', '2020-01-01')");
    await denied("insert into audit_log (id, at, act, subject) overriding system value values (1000000, now(), 'x.y', 'x')");
    await expect(province.db('audit_log').insert({ at: new Date(), act: 'x.y', subject: 'x', procedure_id: 'class-1' })).rejects.toThrow(
      'audit_log_chained',
    );
    const county = await settled();
    await granted(county.login, 'audit_admin', '350104');
    expect(await county.person.post('/admin/audit/chain/log')).toMatchObject({ status: 403, body: { code: 'audit.whole' } });
    expect((await (await province.as('security-1')).post('/admin/audit/chain/log')).status).toBe(403);
  });

  test('[N20] the audit administrator changes nothing', async () => {
    const admin = await province.as('auditadmin-1');
    const { id, login } = await newAccount();
    for (const [path, body] of [
      ['/admin/accounts', { login: 'x-1', name: '某某', email: 'a@b.invalid', region: '350104' }],
      [`/admin/accounts/${id}/deactivate`, { reason: '越权' }],
      [`/admin/accounts/${id}/link`, {}],
      ['/admin/grants', { login, role: 'inspector', region: '350104', reason: '越权' }],
      ['/admin/calendar/closures', { region: '350104', firstDay: '2026-05-06', kind: 'off', reason: '越权', document: '无' }],
    ] as const)
      expect((await admin.post(path, body)).status, path).toBe(403);
  });
});
