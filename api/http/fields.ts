/** Kinds of field that forms of several nouns share. */
import { z } from 'zod';
import { findPersonalNumber } from '../../workflows/domain/people/personal-numbers.ts';
import { isCreditCode, isCreditCodeBeginning } from '../../workflows/domain/people/identity.ts';
import { REASON_MIN_LENGTH } from '../../workflows/domain/reasons.ts';

/** A day that training, certificates and calendars can be about. Year 0 is none, and nobody plans for 9999. */
export const civilDate = z.iso.date().pipe(z.string().refine((day) => day >= '1950-01-01' && day <= '2099-12-31', 'dateRange'));

/** A filter that was left empty: a browser sends it in the address all the same. */
export const emptyAsAbsent = z.literal('').transform(() => undefined);

/** Where a page of a list begins, as the answer before gave it out. */
export const Cursor = z.string().max(400).optional().or(emptyAsAbsent);

/** No line breaks, no control characters, nothing that turns the direction of what follows: it would falsify a list or a printed paper. */
const oneLine = /^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u;

/** The check of words that stay on record or go out: nobody's ID, card or mobile number (N2). `phones`: where people say how to reach each other. */
export function withoutPersonalNumbers({ phones = false }: { phones?: boolean } = {}) {
  return (text: string, context: z.RefinementCtx<string>): void => {
    const found = findPersonalNumber(text, new Date().toISOString().slice(0, 10));
    if (found && !(phones && found === 'phone')) context.addIssue({ code: 'custom', params: { code: `personal.${found}` } });
  };
}

/**
 * Words that a list is searched by: they stand in the address, where nobody's number belongs. `creditCodes`: where institutions are looked for; some of
 * their codes, and of the beginnings of these, have the form of an ID or of a card number.
 */
export function searchWords(max: number, { creditCodes = false }: { creditCodes?: boolean } = {}) {
  const check = withoutPersonalNumbers();
  return z
    .string()
    .trim()
    .max(max)
    .superRefine((text, context) => (creditCodes && meansInstitution(text) ? undefined : check(text, context)))
    .optional()
    .or(emptyAsAbsent);
}

function meansInstitution(text: string): boolean {
  const code = text.replace(/\s+/g, '').toUpperCase();
  return isCreditCode(code) || isCreditCodeBeginning(code);
}

/** A text of one line, as titles and topics are: they stand in mails, notices and lists. */
export function line(min: number, max: number) {
  return z.string().trim().min(min).max(max).regex(oneLine, 'oneLine').superRefine(withoutPersonalNumbers());
}

/** Free words that stay on record or go out. */
export function freeText(max: number, { min = 0, missing, phones = false }: { min?: number; missing?: string; phones?: boolean } = {}) {
  return z.string().trim().min(min, missing).max(max).superRefine(withoutPersonalNumbers({ phones }));
}

/** Why somebody does what the record will show; asked for where an act without a reason does not count. */
export const reasonField = freeText(1_000, { min: REASON_MIN_LENGTH, missing: 'task.reasonMissing' });
