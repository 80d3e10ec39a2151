/** What a spreadsheet reader (.xlsx or .csv) hands to the rules: text only, with what the rules must know about its origin. */

/**
 * One filled cell. `from` is how the file stored it: Excel keeps only 15 digits of a number, so a long code that comes `from: 'number'` is
 * damaged. A cell with a formula has `formula: true` and the formula itself as text: its stored result is never read.
 */
export type Cell = { text: string; from: 'text' | 'number' | 'date' | 'boolean' | 'error'; formula: boolean };

/** A row that holds something. `number` is the row's number as the person sees it (1 = first); blank cells are undefined. */
export type SheetRow = { number: number; cells: (Cell | undefined)[] };

/** NFKC (full-width digits and letters become plain), invisible characters dropped, runs of white space made one space, trimmed. */
export function tidyText(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
