/** Asking the registers: what goes over the wire, what is kept, and what becomes of every kind of answer. Simulated registers over real HTTP. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulators, type Simulators } from '../../activities/connectors/simulators.ts';
import { verificationActivities } from '../../activities/verifications.ts';
import { askAgain, settleVerification } from '../../db/classes/verifications.ts';
import { openTrainingDatabase, type PlantedClass, type TrainingDatabase } from '../support/by-hand/training-class.ts';
import { review } from '../support/by-hand/asks.ts';

let office: TrainingDatabase;
let simulators: Simulators;

beforeAll(async () => {
  office = await openTrainingDatabase();
  simulators = await startSimulators({ port: 0 });
});
afterAll(async () => {
  await simulators.close();
  await office.close();
});

// What fails here is meant to.
const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

function verify(planted: PlantedClass, registersUrl: string | undefined = simulators.url): Promise<void> {
  const { verifyRoster } = verificationActivities({ db: office.db, vault: office.vault, log: pino({ level: 'silent' }), registersUrl });
  return environment().run(verifyRoster, planted.procedureId);
}

async function resultsOf(planted: PlantedClass, register: string): Promise<string[]> {
  return office
    .db('verifications as v')
    .join('enrolments as e', 'e.id', 'v.enrolment_id')
    .where({ 'e.class_id': planted.classId, 'v.register': register })
    .orderBy('e.seat')
    .pluck('v.result');
}

const tokenAt = (planted: PlantedClass, seat: number): string =>
  planted.enrolments.find((enrolment) => enrolment.seat === seat)?.token ?? '';

describe('registers', () => {
  test('[N18] each person and register has an answer with its source; the person goes over the wire as a token', async () => {
    const planted = await office.plant({ trainees: 20 });
    simulators.setBehaviour('identity', 'no', tokenAt(planted, 2));
    simulators.setBehaviour('duplicate', 'contradictory', tokenAt(planted, 3));
    await verify(planted);
    expect(await resultsOf(planted, 'identity')).toEqual(['yes', 'no', ...Array(18).fill('yes')]);
    expect(await resultsOf(planted, 'duplicate')).toEqual(['yes', 'yes', 'contradictory', ...Array(17).fill('yes')]);
    const [row] = await office
      .db('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .where({ 'e.class_id': planted.classId, 'e.seat': 1, 'v.register': 'identity' })
      .select('v.*');
    expect(row).toMatchObject({
      evidence: { source: '公安人口信息（模拟）', simulated: true, reference: expect.stringMatching(/^SIM-IDENTITY-/) },
    });
    expect(row.answered_at.getTime()).toBeGreaterThanOrEqual(row.asked_at.getTime());
    expect(await office.db('audit_log').where({ procedure_id: planted.procedureId, act: 'verification.answered' })).not.toHaveLength(0);
  });

  test('[N18] a silent register leaves "none"; asked again, only what is unanswered is asked; the failure names no person', async () => {
    const planted = await office.plant({ trainees: 3 });
    simulators.setBehaviour('insurance', 'silent', tokenAt(planted, 2));
    simulators.setBehaviour('identity', 'late:4', tokenAt(planted, 1));
    const failure = await verify(planted).catch((error) => error);
    expect(failure).toMatchObject({ type: 'Unanswered', message: '2 questions without answer' });
    expect(await resultsOf(planted, 'insurance')).toEqual(['yes', 'none', 'yes']);
    expect(await office.db('verifications').where({ result: 'none' }).whereRaw(`evidence ->> 'failure' = 'timeout'`)).toHaveLength(2);
    // The answers that came stay, whatever the registers would say now; the late one is there by the second attempt.
    simulators.setBehaviour('insurance', 'no');
    await expect(verify(planted)).rejects.toMatchObject({ message: '1 questions without answer' });
    expect(await resultsOf(planted, 'identity')).toEqual(['yes', 'yes', 'yes']);
    expect(await resultsOf(planted, 'insurance')).toEqual(['yes', 'none', 'yes']);
    simulators.setBehaviour('insurance', 'yes');
    simulators.setBehaviour('insurance', '', tokenAt(planted, 2));
  });

  test('[N18] an officer asks again about what is not confirmed; the earlier answer stays in the evidence; what is settled is left alone', async () => {
    const planted = await office.plant({ trainees: 3 });
    simulators.setBehaviour('identity', 'no', tokenAt(planted, 1));
    simulators.setBehaviour('duplicate', 'contradictory', tokenAt(planted, 2));
    await verify(planted);
    await office.step(planted, 'pre_training', { asks: [review] });
    const settled = await office
      .db('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .where({ 'e.class_id': planted.classId, 'v.register': 'duplicate', 'e.seat': 2 })
      .first('v.id');
    await settleVerification(office.db, office.actors.first, {
      procedureId: planted.procedureId,
      verificationIds: [settled.id],
      reason: '已核对原始凭证',
    });
    await expect(askAgain(office.db, office.actors.elsewhere, planted.procedureId)).rejects.toMatchObject({ code: 'task.unknown' });
    expect(await askAgain(office.db, office.actors.first, planted.procedureId)).toEqual({ asked: 1 });
    expect(await office.db('facts').where({ procedure_id: planted.procedureId }).orderBy('no', 'desc').first('kind')).toEqual({
      kind: 'recheck_requested',
    });
    simulators.setBehaviour('identity', '', tokenAt(planted, 1));
    await verify(planted);
    const identity = await office
      .db('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .where({ 'e.class_id': planted.classId, 'v.register': 'identity', 'e.seat': 1 })
      .first('v.result', 'v.evidence');
    expect(identity).toMatchObject({ result: 'yes', evidence: { earlier: [{ result: 'no', source: '公安人口信息（模拟）' }] } });
    expect(await resultsOf(planted, 'duplicate')).toEqual(['yes', 'contradictory', 'yes']);
    await expect(askAgain(office.db, office.actors.first, planted.procedureId)).rejects.toMatchObject({
      code: 'checks.nothingOutstanding',
    });
  });

  test('[N18] no register, a register that is down, one that answers nonsense or about somebody else: nothing counts as yes', async () => {
    const bodies: string[] = [];
    const nonsense = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk) => (body += chunk));
      req.on('end', () => {
        bodies.push(body);
        if (req.url?.startsWith('/identity')) res.end('<html>');
        else if (req.url?.startsWith('/insurance')) res.end(JSON.stringify({ token: '0'.repeat(64), result: 'yes' }));
        else res.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve));
    const planted = await office.plant({ trainees: 2 });
    await expect(verify(planted, `http://127.0.0.1:${(nonsense.address() as AddressInfo).port}`)).rejects.toMatchObject({
      message: '6 questions without answer',
    });
    nonsense.close();
    expect(bodies.every((body) => !/\d{17}[\dX]/.test(body) && Object.keys(JSON.parse(body)).join() === 'token,group')).toBe(true);
    const failures = await office
      .db('verifications as v')
      .join('enrolments as e', 'e.id', 'v.enrolment_id')
      .where({ 'e.class_id': planted.classId })
      .distinct(office.db.raw(`v.register, v.result, v.evidence ->> 'failure' as failure`))
      .orderBy('register');
    expect(failures).toEqual([
      { register: 'duplicate', result: 'none', failure: 'http 500' },
      { register: 'identity', result: 'none', failure: 'unreadable' },
      { register: 'insurance', result: 'none', failure: 'unreadable' },
    ]);
    await expect(verify(planted, 'http://127.0.0.1:1')).rejects.toMatchObject({ type: 'Unanswered' });
    const { verifyRoster } = verificationActivities({
      db: office.db,
      vault: office.vault,
      log: pino({ level: 'silent' }),
      registersUrl: undefined,
    });
    await environment().run(verifyRoster, planted.procedureId);
    expect(await resultsOf(planted, 'identity')).toEqual(['none', 'none']);
  });

  test('[N18] the simulators say that they are simulated and take orders by their control address', async () => {
    const put = (body: object) =>
      fetch(`${simulators.url}/control`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    expect(await (await put({ register: 'certificate', behaviour: 'late:2' })).json()).toMatchObject({
      notice: '模拟',
      behaviours: { certificate: 'late:2' },
    });
    expect((await put({ register: 'certificate', behaviour: 'maybe' })).status).toBe(422);
    expect((await put({ register: 'certificate', behaviour: 'no', person: '350104199001010017' })).status).toBe(422);
    const answer = await fetch(`${simulators.url}/identity/checks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'a'.repeat(64) }),
    });
    expect(await answer.json()).toMatchObject({ notice: '模拟', simulated: true, result: 'yes' });
    simulators.setBehaviour('certificate', 'yes');
  });
});
