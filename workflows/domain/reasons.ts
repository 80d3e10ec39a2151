/** Reasons are part of the record: some words, not a sign. Pages and REST ask for the same length. */
import { inputError } from './errors.ts';

export const REASON_MIN_LENGTH = 2;

export function isReason(text: string | undefined): text is string {
  return (text ?? '').trim().length >= REASON_MIN_LENGTH;
}

/** The reason without spaces around it. Throws InputError. */
export function requireReason(text: string | undefined, field = 'reason'): string {
  if (!isReason(text)) throw inputError(field, 'task.reasonMissing');
  return text.trim();
}
