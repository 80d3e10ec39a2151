/**
 * The gateway for short messages, over HTTP. The id of a message is its idempotency key: a gateway that took it answers the same again and sends
 * nothing twice. Whatever goes wrong on the way is an answer of its own. The number is in no log and in no history.
 */
export type ShortMessage = { id: string; phone: string; text: string };
export type SmsAnswer =
  | { result: 'accepted'; reference: string; simulated: boolean }
  /** The gateway does not take this number: trying again is of no use. */
  | { result: 'refused'; cause: string; simulated: boolean }
  /** Nobody knows whether it was taken: the same message goes out again. */
  | { result: 'none'; cause: string };

/** Port to whoever sends short messages. Never throws. `cancelled` ends the wait early. */
export type SmsGateway = (message: ShortMessage, cancelled?: AbortSignal) => Promise<SmsAnswer>;

const ANSWER_WITHIN_MS = 3_000;
const LONGEST_TEXT = 100;

export function httpSmsGateway(baseUrl: string, token?: string): SmsGateway {
  return async ({ id, phone, text }, cancelled) => {
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      const response = await fetch(`${baseUrl}/messages`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'idempotency-key': id,
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify({ id, phone, text }),
        signal: cancelled ? AbortSignal.any([timeout, cancelled]) : timeout,
        redirect: 'error',
      });
      const body: unknown = await response.json().catch(() => undefined);
      return readAnswer(id, response.status, body);
    } catch {
      return { result: 'none', cause: timeout.aborted ? 'timeout' : 'unreachable' };
    }
  };
}

function readAnswer(id: string, status: number, body: unknown): SmsAnswer {
  const answer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const simulated = answer['simulated'] === true;
  if (status === 422) return { result: 'refused', cause: textOf(answer['cause']) || 'refused', simulated };
  if (status < 200 || status > 299) return { result: 'none', cause: `http ${status}` };
  // An answer about another message is no answer.
  if (answer['id'] !== id) return { result: 'none', cause: 'unreadable' };
  return { result: 'accepted', reference: textOf(answer['reference']), simulated };
}

/** Codes and references: a run of digits as long as a telephone number is none. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT).replace(/\d{11,}/g, '…') : '';
}
