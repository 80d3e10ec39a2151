/** Repairs take two people; what stands still is rung by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginTurn, recordFindings, takeForRinging } from '../../../db/protocol/findings.ts';
import { findBrokenLink } from '../../../db/protocol/procedures.ts';
import { openProvince, type Province } from '../../support/province.ts';
import { operationsOf } from '../../support/operations.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
});
afterAll(() => province?.close());

const { faults, plant, look, putAway } = operationsOf(() => province);

describe('repairs', () => {
  const bells = (id: string) => province.db('outbox').where({ procedure_id: id }).pluck('kind');

  test('[F14] one person alone repairs nothing; a second one has it carried out; all is on the chain of the case', async () => {
    const planted = await plant();
    await faults['unapplied']?.(planted);
    const [first, second, security] = await Promise.all(['system-1', 'system-2', 'security-1'].map((login) => province.as(login)));
    const ask = { procedureId: planted.id, kind: 'restart', reason: '程序更正后重新启动' };
    for (const login of ['auditadmin-1', 'security-1', 'cs-approve-1'])
      expect((await (await province.as(login)).post('/admin/operations/repairs', ask)).status).toBe(403);
    expect((await first?.post('/admin/operations/repairs', { ...ask, reason: '' }))?.status).toBe(422);
    expect((await first?.post('/admin/operations/repairs', { ...ask, kind: 'delete' }))?.status).toBe(422);
    const asked = await first?.post<{ repairId: string }>('/admin/operations/repairs', ask);
    expect(asked?.status).toBe(201);
    const path = `/admin/operations/repairs/${asked?.body.repairId}`;
    expect((await second?.post('/admin/operations/repairs', ask))?.body).toMatchObject({ status: 409, code: 'repair.requested' });
    expect((await first?.post(`${path}/confirm`))?.body).toMatchObject({ status: 403, code: 'repair.own' });
    expect((await (await province.as('auditadmin-1')).post(`${path}/confirm`)).status).toBe(403);
    expect(await bells(planted.id)).toEqual([]);
    await expect(
      province
        .db('repair_requests')
        .where({ id: asked?.body.repairId })
        .update({
          status: 'confirmed',
          decided_by: province.db.raw('requested_by'),
          decided_at: province.db.fn.now(),
        }),
    ).rejects.toMatchObject({ constraint: 'repair_requests_two_people' });
    expect((await second?.post(`${path}/confirm`))?.body).toEqual({ status: 'confirmed' });
    expect(await bells(planted.id)).toEqual(['restart']);
    expect((await security?.post(`${path}/confirm`))?.body).toMatchObject({ status: 409, code: 'repair.confirmed' });
    expect(await bells(planted.id)).toEqual(['restart']);
    const acts = await province.db('audit_log').where({ procedure_id: planted.id }).whereLike('act', 'repair.%').orderBy('no').pluck('act');
    expect(acts).toEqual(['repair.request', 'repair.confirm']);
    expect(await findBrokenLink(province.db, planted.id)).toBeUndefined();
    expect((await look()).repairs[0]).toMatchObject({ status: 'confirmed', kind: 'restart', decidedBy: expect.any(String) });
  });

  test('[F14] a security administrator confirms as well; who asked may take it back, another one refuse; a closed case needs none', async () => {
    const planted = await plant();
    const first = await province.as('system-1');
    const ask = async (kind: string) =>
      (await first.post<{ repairId: string }>('/admin/operations/repairs', { procedureId: planted.id, kind, reason: '不动了' })).body
        .repairId;
    const withdrawn = await ask('ring');
    expect((await first.post(`/admin/operations/repairs/${withdrawn}/refuse`)).body).toEqual({ status: 'withdrawn' });
    const refused = await ask('ring');
    expect((await (await province.as('system-2')).post(`/admin/operations/repairs/${refused}/refuse`)).body).toEqual({ status: 'refused' });
    expect(await bells(planted.id)).toEqual([]);
    const confirmed = await ask('ring');
    expect((await (await province.as('security-1')).post(`/admin/operations/repairs/${confirmed}/confirm`)).body).toEqual({
      status: 'confirmed',
    });
    expect(await bells(planted.id)).toEqual(['look']);
    const late = await ask('ring');
    await putAway(planted.id);
    expect((await (await province.as('system-2')).post(`/admin/operations/repairs/${late}/confirm`)).body).toMatchObject({
      status: 409,
      code: 'procedure.closed',
    });
    expect((await first.post(`/admin/operations/repairs/${late}/refuse`)).body).toEqual({ status: 'withdrawn' });
    expect((await first.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'ring', reason: '不动了' })).body).toMatchObject(
      {
        status: 409,
        code: 'procedure.closed',
      },
    );
    expect(await bells(planted.id)).toEqual([]);
  });

  test('[F14] asked and confirmed in the browser', async () => {
    const planted = await plant();
    await faults['runFailing']?.(planted);
    const asker = await province.browser('system-1');
    const form = await asker.get('/admin/operations?lang=zh-CN');
    expect(form.html).toContain(`value="${planted.id}"`);
    const invalid = await asker.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'restart' });
    expect(invalid.status).toBe(422);
    expect((await asker.post('/admin/operations/repairs', { procedureId: planted.id, kind: 'restart', reason: '已更正程序' })).status).toBe(
      303,
    );
    const own = await asker.get('/admin/operations?lang=zh-CN');
    expect(own.html).toContain('撤回申请');
    expect(own.html).not.toMatch(/repairs\/[0-9a-f-]+\/confirm/);
    const other = await province.browser('security-1');
    const { html } = await other.get('/admin/operations?lang=zh-CN');
    expect(html).toContain('已更正程序');
    const action = /action="(\/admin\/operations\/repairs\/[0-9a-f-]+\/confirm)"/.exec(html)?.[1] ?? '';
    expect((await other.post(action)).location).toBe('/admin/operations');
    expect(await bells(planted.id)).toEqual(['restart']);
  });
});

describe('ringing by itself', () => {
  test('[F02] at once, then after growing pauses; a run that ended again within the hour is left to people', async () => {
    const { db } = province;
    const [still, ended] = [await plant(), await plant()];
    const found = async () => {
      await recordFindings(db, ['standing_still'], [still.id], [{ procedureId: still.id, code: 'standing_still', detail: {} }]);
      await recordFindings(db, ['run_ended'], [ended.id], [{ procedureId: ended.id, code: 'run_ended', detail: { status: 'FAILED' } }]);
    };
    const cleared = () => recordFindings(db, ['standing_still', 'run_ended'], [still.id, ended.id], []);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id, ended.id]);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([]);
    await db('operation_findings').update({ rung_at: db.raw(`clock_timestamp() - interval '40 seconds'`) });
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id]);
    await cleared();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([]);
    await found();
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id]);
    await db('operation_findings').update({ rung_at: db.raw(`clock_timestamp() - interval '61 minutes'`) });
    expect(await takeForRinging(db, [still.id, ended.id])).toEqual([still.id, ended.id]);
    await cleared();
  });

  test('[F02] of several workers one takes the turn', async () => {
    await province.db('reconciler_turns').update({ began_at: null, ended_at: null });
    const taken = await Promise.all([beginTurn(province.db, 10_000, 'watch'), beginTurn(province.db, 10_000, 'watch')]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(false);
    const past = `clock_timestamp() - interval '11 seconds'`;
    // A long turn that has only just ended is not behind.
    await province.db.raw(`update reconciler_turns set began_at = ${past}, ended_at = clock_timestamp()`);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(false);
    await province.db.raw(`update reconciler_turns set began_at = ${past}, ended_at = ${past}`);
    expect(await beginTurn(province.db, 10_000, 'watch')).toBe(true);
  });
});
