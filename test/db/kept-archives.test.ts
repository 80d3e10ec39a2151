/** Archives of institutions with many classes: the history page by page is the whole history, figures counted ahead are right at the instant that they say. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getActor } from '../../db/accounts/account-in-force.ts';
import { inTransaction } from '../../db/client.ts';
import { demonstrationInstitutions } from '../../db/demonstration/registers.ts';
import fujianPack from '../../db/policy-packs/fujian-2022.json' with { type: 'json' };
import { auditProcedure, lockProcedure, openProcedure, writeFact } from '../../db/protocol/procedures.ts';
import { getInstitution } from '../../db/views/institutions/institutions.ts';
import { listInstitutionTimeline } from '../../db/views/institutions/history.ts';
import { keepArchives } from '../../db/views/institutions/kept-archives.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import { termsOf } from '../../workflows/domain/policy/policy.ts';
import { has } from '../support/answers.ts';
import { draftClass, openProvince, type Province } from '../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const codeOf = (key: string): string => demonstrationInstitutions.find((entry) => entry.key === key)?.creditCode ?? '';

/** A submitted class of the school: a row and its procedure with its first lines. */
async function plant(like: string, number: string): Promise<string> {
  const { db } = province;
  const { id: _id, ...row } = await db('classes').where({ number: like }).first();
  const [planted] = await db('classes')
    .insert({ ...row, number, title: `长卷宗 ${number}`, status: 'in_review' })
    .returning(['id', 'institution_id', 'title']);
  const id = `class-${number}`;
  const terms = termsOf(readPolicyPack(fujianPack));
  await inTransaction(db, async (trx) => {
    const { id: classId, institution_id: institutionId, title } = planted;
    const opening = { id, type: 'trainingClass', subjectId: classId, classId, institutionId, region: row.region, number, title } as const;
    await openProcedure(trx, { ...opening, institutionName: '示范学校', terms });
    await writeFact(trx, await lockProcedure(trx, id), { kind: 'submitted' }, { act: 'class.submit', subject: id });
  });
  return id;
}

async function note(id: string): Promise<void> {
  await inTransaction(province.db, async (trx) =>
    auditProcedure(trx, await lockProcedure(trx, id), undefined, { act: 'class.withdraw', subject: id }),
  );
}

test('[N1] the history of many classes is read page by page: nothing is left out, nothing comes twice, for who holds them and for who examines them', async () => {
  const like = await draftClass(province, { login: 'shifan-1', seed: 81, trainees: 0 });
  const ids: string[] = [];
  for (let n = 0; n < 14; n += 1) ids.push(await plant(like, `350104-2026-8${String(n).padStart(5, '0')}`));
  // Old classes move again, in another order.
  for (const id of [ids[3], ids[11], ids[0], ids[3]]) await note(id ?? '');
  const assessed = await province.db('classes').where({ number: like }).first('assessor_id');
  const examiner = await province.db('institutions').where({ id: assessed.assessor_id }).first('credit_code');
  const { id: reader } = await province.db('users').where({ login: 'fj-supervise-1' }).first('id');
  const supervisor = await getActor(province.db, reader);
  for (const code of [codeOf('shifan'), examiner.credit_code]) {
    const head = await getInstitution(province.db, supervisor, code);
    const whole = (await listInstitutionTimeline(province.db, head, { limit: 10_000 })).map(({ id }) => id);
    expect(whole).toEqual(whole.toSorted((a, b) => b - a));
    const planted = await province.db('audit_log').whereIn('procedure_id', ids).pluck<number[]>('id');
    expect(planted).toHaveLength(18);
    expect(whole).toEqual(expect.arrayContaining(planted));
    for (const limit of [1, 3]) {
      const paged: number[] = [];
      for (let before: number | undefined; ; before = paged.at(-1)) {
        const lines = await listInstitutionTimeline(province.db, head, { before, limit });
        paged.push(...lines.map(({ id }) => id));
        if (lines.length < limit) break;
      }
      expect(paged).toEqual(whole);
    }
  }
});

test('[N1] figures of a large institution are what the worker counted, and say when; too old, they are counted for their reader', async () => {
  type Archive = { figures: { classes: number }; figuresCountedAt: string | null };
  const officer = await province.as('cs-audit-1');
  const path = `/institutions/${codeOf('minjiang')}`;
  const read = async (): Promise<Archive> => (await officer.get<Archive>(path)).body;
  const like = await draftClass(province, { login: 'minjiang-1', seed: 82, trainees: 0 });
  await plant(like, '350104-2026-810001');
  // Nothing here is large by itself.
  expect(await keepArchives(province.db, { everyMs: 0 })).toBe(0);
  expect(await read()).toMatchObject({ figures: { classes: 1 }, figuresCountedAt: null });
  // What was looked at is not looked at again before its time.
  expect(await keepArchives(province.db, { from: 1 })).toBe(0);

  expect(await keepArchives(province.db, { from: 1, everyMs: 0 })).toBeGreaterThan(0);
  const kept = await read();
  expect(kept).toMatchObject({ figures: { classes: 1 }, figuresCountedAt: expect.any(String) });
  await plant(like, '350104-2026-810002');
  expect(await read()).toEqual(kept);
  has((await (await province.browser('cs-audit-1')).get(path)).html, '以上数字统计于');

  await province
    .db('kept_archives')
    .whereNotNull('counted_at')
    .update({ counted_at: province.db.raw(`counted_at - interval '26 minutes'`) });
  expect(await read()).toMatchObject({ figures: { classes: 2 }, figuresCountedAt: null });
  // An institution that is no longer large has no kept figures.
  expect(await keepArchives(province.db, { everyMs: 0 })).toBe(0);
  expect(await province.db('kept_archives').whereNotNull('counted_at')).toEqual([]);
});
