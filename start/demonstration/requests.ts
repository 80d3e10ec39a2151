/** What a robot asks of the product: each request is sent again until the product answers, and what it does not expect is an error. */
import { randomUUID } from 'node:crypto';
import { type Answer, type Person, staySignedIn } from './person.ts';

export type Requests = ReturnType<typeof openRequests>;

export function openRequests({ origin, patienceMs }: { origin: string; patienceMs: number }) {
  const people = new Map<string, Promise<Person>>();

  function as(login: string): Promise<Person> {
    let known = people.get(login);
    if (!known) {
      known = again(() => staySignedIn(origin, login));
      people.set(login, known);
      known.catch(() => people.delete(login));
    }
    return known;
  }

  /** Repeats while nobody answers: the same key gets the same answer, so repeating is always safe. */
  async function again<T>(work: () => Promise<T>): Promise<T> {
    const until = Date.now() + patienceMs;
    for (;;) {
      try {
        const answer = await work();
        const status = (answer as { status?: number } | undefined)?.status;
        if (status !== undefined && status >= 500 && Date.now() < until) throw new Error(`status ${status}`);
        return answer;
      } catch (error) {
        if (Date.now() >= until) throw error;
        await pause(250);
      }
    }
  }

  async function post<T = Record<string, unknown>>(
    person: Person,
    path: string,
    body: unknown,
    allowed: number[] = [200, 201, 202],
  ): Promise<Answer<T>> {
    const key = randomUUID();
    const answer = await again(() => person.post<T>(path, body, { key }));
    if (!allowed.includes(answer.status))
      throw new Error(`${person.login} POST ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 600)}`);
    return answer;
  }

  async function get<T = Record<string, unknown>>(person: Person, path: string): Promise<T> {
    const answer = await again(() => person.get<T>(path));
    if (answer.status !== 200)
      throw new Error(`${person.login} GET ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`);
    return answer.body;
  }

  return { as, again, post, get };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
