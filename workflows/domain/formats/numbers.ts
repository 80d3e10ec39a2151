/**
 * Numbers of records and papers, so made that whoever hears one knows what it is of. Records (in addresses, file names, bank files): two letters, region,
 * year, five digits; `PX350104-2026-00002`. Papers: as documents are numbered, year in 六角括号 and serial without zeros (GB/T 9704); 仓山区人社培补〔2026〕2号.
 * What was numbered before the letters came keeps its number.
 */

/** The first letters of 培训班次, 补贴, 支付批次, 公示公开, 异议, 督办. */
const letters = { class: 'PX', application: 'BT', batch: 'ZF', disclosure: 'GS', objection: 'YY', order: 'DB' } as const;
export type NumberedRecord = keyof typeof letters;

export function recordNumber(record: NumberedRecord, region: string, year: string, serial: number): string {
  return `${letters[record]}${region}-${year}-${String(serial).padStart(5, '0')}`;
}

export const classNumberForm = /^(?:PX)?\d{6}-\d{4}-\d{5,8}$/;

/** Words of the papers, as they stand between the name of the place and the year. */
const documentWords = {
  opening_review: '人社培审',
  correction_notice: '人社培补',
  refusal_notice: '人社培拒',
  disclosure_notice: '人社培公',
  subsidy_roster: '人社培册',
  funds_request: '人社培款',
  supervision_order: '人社培督',
  /** Of the order as a case, before it is signed or let be. */
  order: '督办',
} as const;

export function documentNumber(document: keyof typeof documentWords, place: string, year: string, serial: number): string {
  return `${place}${documentWords[document]}〔${year}〕${serial}号`;
}

/** Every letter that a number may begin with, for a look-up by what follows them. */
export const numberLetters = [...new Set(Object.values(letters).join(''))].join('');

/**
 * How the number of a paper ends on record, from what somebody typed of it: with other brackets, spaces, figures of full width, without 号 or without
 * the place. Undefined for anything else.
 */
export function documentEnd(typed: string): string | undefined {
  const [, words, year, serial] =
    /^(.*?)[〔[(【〈《](\d{4})[〕\])】〉》]0*([1-9]\d{0,7})号?$/.exec(typed.normalize('NFKC').replace(/\s+/g, '')) ?? [];
  return year === undefined ? undefined : `${words ?? ''}〔${year}〕${serial}号`;
}

export type NumberSearch = {
  /** In capitals. */
  begins: string;
  /** No letters were typed: what follows them is compared. */
  digits: boolean;
  /** The serial alone, without zeros. */
  serial: string | undefined;
};

/** How a number is found by what somebody typed: its beginning, with the letters or without, or its last part, with the zeros or without. */
export function numberSearch(typed: string): NumberSearch {
  // Figures and letters of full width are what a Chinese keyboard types.
  const begins = typed.normalize('NFKC').trim().toUpperCase();
  const [, serial] = /^0*([1-9]\d{0,7})号?$/.exec(begins) ?? [];
  return { begins, digits: /^\d/.test(begins), serial };
}

/** The numbers of records that somebody may mean who typed a whole one: with its letters, or without them any of these. None for anything else. */
export function wholeNumbers(typed: string): string[] {
  const { begins, digits } = numberSearch(typed);
  if (!/^(?:[A-Z]{2})?\d{6}-\d{4}-\d{5,8}$/.test(begins)) return [];
  return digits ? [begins, ...Object.values(letters).map((two) => `${two}${begins}`)] : [begins];
}

/** The beginning of a class number for digits typed without letters. */
export function withClassLetters(digits: string): string {
  return `${letters.class}${digits}`;
}

export function isFoundBy(number: string, { begins, digits, serial }: NumberSearch): boolean {
  if ((digits ? number.replace(/^[A-Z]{2}(?=\d)/, '') : number).startsWith(begins)) return true;
  return serial !== undefined && (number.split('-')[2]?.replace(/^0+/, '') === serial || number.endsWith(`〕${serial}号`));
}
