/** What tests read out of the answers of addresses. */
import { expect } from 'vitest';

/** A refusal, with the fields that it concerns. */
export type Issues = { code: string; issues?: { field: string; code: string; message: string }[] };

/** Field and code of each issue. */
export const issuesOf = (answer: { body: unknown }) => ((answer.body as Issues).issues ?? []).map((issue) => [issue.field, issue.code]);

/** That a page shows a text, without printing the whole page when it does not. */
export const has = (html: string, text: string) => expect(html.includes(text) ? text : `missing ${text}`).toBe(text);
