/** A desk of the worker that looks for work again and again, and rests while there is none. */
import type { Logger } from 'pino';

const POLL_MS = 2_000;

export type Desk = { stop(): Promise<void> };

/** `turn` returns how much it did. `stop` lets a turn that is under way end. */
export function startDesk(name: string, log: Logger, turn: () => Promise<number>): Desk {
  let stopped = false;
  let wake: () => void = () => undefined;
  const running = (async () => {
    while (!stopped) {
      const done = await turn().catch((error: Error) => {
        log.warn({ error: error.name }, `${name}: turn failed`);
        return 0;
      });
      if (done === 0 && !stopped) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  })();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
