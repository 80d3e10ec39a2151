import { OfficeError } from '../../../workflows/domain/errors.ts';

/** Too many attempts in a time; `params.seconds` says when again. A matter of the counter, not of the office. */
export class TooManyError extends OfficeError {}
