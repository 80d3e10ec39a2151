/**
 * The registers outside (联网核查): one question, one answer, over HTTP. A question carries a keyed token of the person, never the ID number.
 * Whatever goes wrong on the way is an answer of its own, "none", with its cause: silence is not consent.
 */
import type { Answer, Question } from '../../db/classes/verifications.ts';

const results = ['yes', 'no', 'contradictory'] as const;
const ANSWER_WITHIN_MS = 3_000;
const LONGEST_TEXT = 200;

/** Asks one register. Never throws. `cancelled` ends the wait early. */
export async function askRegister(baseUrl: string, question: Question, cancelled?: AbortSignal): Promise<Answer> {
  const { verificationId, register, token, group, certificateNumber, certificateDate } = question;
  const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    const response = await fetch(`${baseUrl}/${register}/checks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ token, group, ...(certificateNumber === undefined ? {} : { certificateNumber, certificateDate }) }),
      signal: cancelled ? AbortSignal.any([timeout, cancelled]) : timeout,
      redirect: 'error',
    });
    if (!response.ok) return unanswered(verificationId, `http ${response.status}`);
    return readAnswer(question, await response.json());
  } catch (error) {
    if (timeout.aborted) return unanswered(verificationId, 'timeout');
    return unanswered(verificationId, error instanceof SyntaxError ? 'unreadable' : 'unreachable');
  }
}

function readAnswer({ verificationId, token }: Question, body: unknown): Answer {
  const answer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const result = results.find((known) => known === answer['result']);
  // An answer about somebody else is no answer.
  if (!result || answer['token'] !== token) return unanswered(verificationId, 'unreadable');
  return {
    verificationId,
    result,
    evidence: {
      source: textOf(answer['source']),
      reference: textOf(answer['reference']),
      simulated: answer['simulated'] === true,
      failure: null,
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : '';
}

function unanswered(verificationId: string, failure: string): Answer {
  return { verificationId, result: 'none', evidence: { failure } };
}
