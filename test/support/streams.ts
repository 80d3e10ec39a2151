/** Listens to server-sent events as a page does. */
import { expect } from 'vitest';
import type { CounterOfTests } from './counter.ts';

type Told = { id: string; open: boolean; listed: boolean; fresh: boolean; holder: string | null; words: string; self: boolean };
type Figures = { groups: Record<string, string>; total: string; views: Record<string, number>; navigation: Record<string, number> };
export type Stream = {
  told: Told[];
  /** The figures of the list, each time that they were told. */
  figures: Figures[];
  /** Unread notices, each count that was told. */
  unread: { unread: number; words: string }[];
  ended: () => boolean;
  goodbye: () => boolean;
  /** Told that too much has happened since its page was made. */
  old: () => boolean;
  stop(): void;
  type: string | null;
};

export async function listenTo(counter: Pick<CounterOfTests, 'origin' | 'as'>, login: string, path: string): Promise<Stream> {
  const { token } = await counter.as(login);
  const leave = new AbortController();
  const response = await fetch(`${counter.origin}${path}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
    signal: leave.signal,
  });
  expect(response.status).toBe(200);
  const told: Told[] = [];
  const unread: Stream['unread'] = [];
  const figures: Figures[] = [];
  let over = false;
  let goodbye = false;
  let old = false;
  void (async () => {
    let text = '';
    try {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(part).toString('utf8');
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) {
          if (message.startsWith('event: end')) goodbye = true;
          if (message.startsWith('event: old')) old = true;
          const [, event, data = ''] = /^event: (tasks|notices|counts)\ndata: (.*)$/s.exec(message) ?? [];
          if (event === 'tasks') told.push(...(JSON.parse(data) as { tasks: Told[] }).tasks);
          if (event === 'counts') figures.push(JSON.parse(data) as Figures);
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
    figures,
    unread,
    ended: () => over,
    goodbye: () => goodbye,
    old: () => old,
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
