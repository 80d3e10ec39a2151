/** The limit for steps: one local activity at the beginning, then waits for bells and answers each with one; they do nothing. */
import { condition, defineSignal, proxyLocalActivities, setHandler } from '@temporalio/workflow';

const bell = defineSignal<[number]>('bell');
const { nothing } = proxyLocalActivities<{ nothing(id: string, no: number): Promise<void> }>({ startToCloseTimeout: '2s' });

export async function bareBells(id: string, bells: number): Promise<void> {
  let rung = 0;
  setHandler(bell, (no) => {
    rung = Math.max(rung, no);
  });
  await nothing(id, 0);
  for (let no = 1; no <= bells; no += 1) {
    await condition(() => rung >= no);
    await nothing(id, no);
  }
}
