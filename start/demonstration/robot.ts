/**
 * Walks classes through their whole life over HTTP, as the people of the demonstration would: used by `npm run demo`, the journeys, the fault
 * tests and the measurements. Every request carries an Idempotency-Key and is sent again when the product was away.
 */
import { randomUUID } from 'node:crypto';
import { cleanRoster } from '../../db/formats/sample-rosters.ts';
import { type Answer, type Person, signIn } from './person.ts';

export type RobotTask = { id: string; procedure: string; step: string; kind: string; role: string; number: string; title: string; version: number };
export type RobotOptions = {
  origin: string;
  /** Prefix of the office's accounts, `cs` for Cangshan. */
  office?: string;
  /** Told what happens, one line per act. */
  say?: (line: string) => void;
  /** How long a request is repeated while the product does not answer. */
  patienceMs?: number;
  /** Lines that the bank returns at a batch's first sending. */
  failing?: (batchNumber: string) => number;
};

export type Robot = ReturnType<typeof createRobot>;

const accountOf: Record<string, string> = {
  first_reviewer: 'first-1',
  second_reviewer: 'second-1',
  approver: 'approve-1',
  inspector: 'inspect-1',
  finance_officer: 'finance-1',
  payment_officer: 'pay-1',
  supervisor: 'supervise-1',
};
const payers: Record<string, string> = { batch_make: 'pay-1', batch_check: 'pay-2', batch_release: 'pay-3', bank_answer: 'pay-1' };

export function createRobot(options: RobotOptions) {
  const { origin, office = 'cs', say = () => undefined, patienceMs = 60_000 } = options;
  const people = new Map<string, Promise<Person>>();

  function as(login: string): Promise<Person> {
    let known = people.get(login);
    if (!known) {
      known = again(() => signIn(origin, login));
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

  async function post<T = Record<string, unknown>>(person: Person, path: string, body: unknown, allowed: number[] = [200, 201, 202]): Promise<Answer<T>> {
    const key = randomUUID();
    const answer = await again(() => person.post<T>(path, body, { key }));
    if (!allowed.includes(answer.status)) throw new Error(`${person.login} POST ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 600)}`);
    return answer;
  }

  async function get<T = Record<string, unknown>>(person: Person, path: string): Promise<T> {
    const answer = await again(() => person.get<T>(path));
    if (answer.status !== 200) throw new Error(`${person.login} GET ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`);
    return answer.body;
  }

  return { as, again, post, get, say, office, origin, accountOf, payers, failing: options.failing ?? (() => 0), cleanRoster };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
