/** Listens to server-sent events as a page does. */
import { expect } from 'vitest';
import type { CounterOfTests } from './counter.ts';

type Told = { id: string; open: boolean; holder: string | null; self: boolean };
export type Stream = {
  told: Told[];
  /** Unread notices, each count that was told. */
  unread: { unread: number; words: string }[];
  ended: () => boolean;
  goodbye: () => boolean;
  stop(): void;
  type: string | null;
};

export async function listenTo(counter: CounterOfTests, login: string, path: string): Promise<Stream> {
  const { token } = await counter.as(login);
  const leave = new AbortController();
  const response = await fetch(`${counter.origin}${path}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    signal: leave.signal,
  });
  expect(response.status).toBe(200);
  const told: Told[] = [];
  const unread: Stream['unread'] = [];
  let over = false;
  let goodbye = false;
  void (async () => {
    let text = '';
    try {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(part).toString('utf8');
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) {
          if (message.startsWith('event: end')) goodbye = true;
          const [, event, data = ''] = /^event: (tasks|notices)\ndata: (.*)$/s.exec(message) ?? [];
          if (event === 'tasks') told.push(...(JSON.parse(data) as { tasks: Told[] }).tasks);
          if (event === 'notices') unread.push(JSON.parse(data) as Stream['unread'][number]);
        }
      }
    } catch {
      // Left by this side.
    }
    over = true;
  })();
  return {
    told,
    unread,
    ended: () => over,
    goodbye: () => goodbye,
    stop: () => leave.abort(),
    type: response.headers.get('content-type'),
  };
}

export async function until(what: () => boolean, ms = 20_000): Promise<void> {
  for (const end = Date.now() + ms; !what(); ) {
    if (Date.now() > end) throw new Error('nothing came');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
