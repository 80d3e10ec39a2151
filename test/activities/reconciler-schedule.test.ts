/** Who starts the turns of the reconciler: the schedule on the real Temporal, or the watch of the worker when the schedule starts none. */
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DEFAULT_NAMESPACE, reconciliationScheduleId } from '../../temporal.config.ts';
import { keepHistory } from '../replay/capture.ts';
import { type Office, openOffice } from '../support/office.ts';
import { removeSchedule, withSchedule } from '../support/schedules.ts';

type Operations = {
  inOrder: boolean;
  reconciler: { lastTurnSeconds: number | null; startedBy: 'schedule' | 'watch' | null };
  checks: { code: string; count: number; items: { type: string; detail: Record<string, string> }[] }[];
};

const EVERY_MS = 3_000;
let office: Office;
const where = () => ({ address: inject('temporalAddress'), namespace: DEFAULT_NAMESPACE, taskQueue: office.taskQueue });

beforeAll(async () => {
  office = await openOffice({ turns: { scheduled: true, everyMs: EVERY_MS } });
});
afterAll(async () => {
  if (!office) return;
  await removeSchedule(where());
  await office.close();
});

const look = async (): Promise<Operations> => (await (await office.as('system-1')).get<Operations>('/admin/operations')).body;
const faultIn = (operations: Operations) => operations.checks.find(({ code }) => code === 'schedule')?.items[0]?.detail['fault'];

async function until<T>(what: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  for (let left = seconds * 4; left > 0; left -= 1) {
    const found = await what();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error('it did not come about');
}

/** Both are asked of one answer, so that nothing comes in between. */
const untilStarted = (by: 'schedule' | 'watch', fault?: string): Promise<Operations> =>
  until(async () => {
    const operations = await look();
    return operations.reconciler.startedBy === by && faultIn(operations) === fault && operations;
  });

/** The turn has ended as well. */
const untilInOrder = (): Promise<Operations> =>
  until(async () => {
    const operations = await untilStarted('schedule');
    return operations.inOrder && operations;
  });

async function shown(lang: 'zh-CN' | 'en'): Promise<string> {
  const { token } = await office.as('system-1');
  const answer = await fetch(`${office.origin}/admin/operations?lang=${lang}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/html' },
  });
  return answer.text();
}

describe('turns of the reconciler', () => {
  test('[F02] the worker leaves a schedule that skips what overlaps; its turns are short runs that carry nothing', async () => {
    await untilInOrder();
    expect(await shown('zh-CN')).toContain('由定时任务启动');
    expect(await shown('en')).toContain('started by the schedule');
    const { policies, info, spec } = await withSchedule(where(), (schedule) => schedule.describe());
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 });
    expect(spec.intervals).toMatchObject([{ every: EVERY_MS }]);
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    try {
      const { namespace } = where();
      const [run] = info.recentActions;
      const handle = new Client({ connection, namespace }).workflow.getHandle(run?.action.workflow.workflowId ?? '');
      await handle.result();
      const history = await handle.fetchHistory();
      expect(handle.workflowId.startsWith(`${reconciliationScheduleId(office.taskQueue)}-`)).toBe(true);
      expect(history.events?.length).toBeLessThan(15);
      const carried = (history.events ?? []).flatMap((event) => [
        ...(event.workflowExecutionStartedEventAttributes?.input?.payloads ?? []),
        ...(event.activityTaskScheduledEventAttributes?.input?.payloads ?? []),
      ]);
      expect(carried).toEqual([]);
      if (process.env.CAPTURE_HISTORIES)
        keepHistory('reconciliation', 'one-turn', Buffer.from(proto.temporal.api.history.v1.History.encode(history).finish()));
    } finally {
      await connection.close();
    }
  });

  test('[F02] a schedule that was deleted: the watch takes the turn, makes it again, and the page says so', async () => {
    await withSchedule(where(), (schedule) => schedule.delete());
    const without = await untilStarted('watch', 'missing');
    expect(without.inOrder).toBe(false);
    expect(without.reconciler.lastTurnSeconds).not.toBeNull();
    await withSchedule(where(), (schedule) => schedule.describe());
    await untilInOrder();
  });

  test('[F02] a schedule that was paused stays paused and is named until it starts a turn again; the watch looks round meanwhile', async () => {
    await withSchedule(where(), (schedule) => schedule.pause('planted'));
    expect((await untilStarted('watch', 'paused')).inOrder).toBe(false);
    const zh = await shown('zh-CN');
    for (const words of ['定时核对异常', '定时任务已被暂停', '由工作进程代为启动']) expect(zh).toContain(words);
    expect(await shown('en')).toContain('It is paused');
    const { began_at: before } = await office.db('reconciler_turns').first('began_at');
    await until(async () => (await office.db('reconciler_turns').first('began_at')).began_at > before);
    expect((await withSchedule(where(), (schedule) => schedule.describe())).state.paused).toBe(true);
    await withSchedule(where(), (schedule) => schedule.unpause());
    await untilInOrder();
  });
});
