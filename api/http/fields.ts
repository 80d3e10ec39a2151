/** Kinds of field that forms of several nouns share. */
import { z } from 'zod';
import { REASON_MIN_LENGTH } from '../../workflows/domain/reasons.ts';

/** A day that training, certificates and calendars can be about. Year 0 is none, and nobody plans for 9999. */
export const civilDate = z.iso.date().pipe(z.string().refine((day) => day >= '1950-01-01' && day <= '2099-12-31', 'dateRange'));

/** No line breaks, no control characters, nothing that turns the direction of what follows: it would falsify a list or a printed paper. */
const oneLine = /^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u;

/** A text of one line, as titles and topics are. */
export function line(min: number, max: number) {
  return z.string().trim().min(min).max(max).regex(oneLine, 'oneLine');
}

/** Why somebody does what the record will show; asked for where an act without a reason does not count. */
export const reasonField = z.string().trim().min(REASON_MIN_LENGTH, 'task.reasonMissing').max(1_000);
