/**
 * The kinds of error that business code throws. No HTTP here: `api/http/errors.ts` holds the one table from kind to status.
 * `code` is a key under `errors.` in templates/locales; the reader sees the words of the own language, never `message`.
 */
export type ErrorParams = Record<string, string | number>;

/** One wrong field of a form, a request body or a cell of a spreadsheet. `field` is the name of the input. */
export type Issue = { field: string; code: string; params?: ErrorParams };

export class OfficeError extends Error {
  readonly code: string;
  readonly params: ErrorParams;
  constructor(code: string, params: ErrorParams = {}) {
    super(code);
    this.code = code;
    this.params = params;
    this.name = new.target.name;
  }
}

/** What was entered is wrong; each issue belongs to a field. */
export class InputError extends OfficeError {
  readonly issues: Issue[];
  constructor(issues: Issue[]) {
    super('input');
    this.issues = issues;
  }
}
/** Nobody is signed in, or the session has ended. */
export class NotSignedInError extends OfficeError {}
/** Signed in, and not allowed to do this here. */
export class NotAllowedError extends OfficeError {}
/** There is no such thing, or it lies outside the reader's region. */
export class NotFoundError extends OfficeError {}
/** Somebody or something was earlier: the state no longer allows the act. `params` names who and when. */
export class ConflictError extends OfficeError {}
/** A service that this needs does not answer; the same request may be sent again. */
export class UnavailableError extends OfficeError {}

/** A refusal of one field. */
export function inputError(field: string, code: string, params?: ErrorParams): InputError {
  return new InputError([params ? { field, code, params } : { field, code }]);
}
