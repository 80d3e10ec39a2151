/**
 * Identity and account numbers: resident ID (GB 11643, 18 characters), unified credit code (GB 32100), mobile phone and bank
 * account, their checks, masks and, for demonstration and tests, generators of made-up ones.
 */
export type IdProblem = 'id.length' | 'id.characters' | 'id.checkDigit' | 'id.birthDate';
export type Sex = 'male' | 'female';

const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const ID_CHECKS = '10X98765432';
const CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const CREDIT_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/** Half-width, without blanks and separators, capital letters: what people and spreadsheets give, made comparable. */
export function normaliseNumber(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\s\u200b-\u200d\u2060\ufeff'-]/g, '')
    .toUpperCase();
}

/** The check character of the first 17 digits of a resident ID (GB 11643, ISO 7064 MOD 11-2). */
export function idCheckDigit(digits: string): string {
  const sum = ID_WEIGHTS.reduce((total, weight, index) => total + weight * Number(digits[index]), 0);
  return ID_CHECKS[sum % 11] ?? '';
}

/** What is wrong with a normalised resident ID, or undefined. `today` is a civil date: nobody is born after it. */
export function idProblem(id: string, today: string): IdProblem | undefined {
  if (id.length !== 18) return 'id.length';
  if (!/^[1-9]\d{16}[\dX]$/.test(id)) return 'id.characters';
  if (idCheckDigit(id) !== id[17]) return 'id.checkDigit';
  const birth = birthDateOf(id);
  if (!isDate(birth) || birth > today || birth < '1900-01-01') return 'id.birthDate';
  return undefined;
}

export function birthDateOf(id: string): string {
  return `${id.slice(6, 10)}-${id.slice(10, 12)}-${id.slice(12, 14)}`;
}

/** Full years completed on `date`; who is born on 29 February completes a year on 1 March. */
export function ageOn(birth: string, date: string): number {
  const years = Number(date.slice(0, 4)) - Number(birth.slice(0, 4));
  return date.slice(5) >= birth.slice(5) ? years : years - 1;
}

export function ageById(id: string, date: string): number {
  return ageOn(birthDateOf(id), date);
}

export function sexOf(id: string): Sex {
  return Number(id[16]) % 2 === 1 ? 'male' : 'female';
}

/** The check character of the first 17 characters of a unified credit code (GB 32100, MOD 31). */
export function creditCodeCheck(head: string): string {
  const sum = CREDIT_WEIGHTS.reduce((total, weight, index) => total + weight * CREDIT_ALPHABET.indexOf(head[index] ?? '?'), 0);
  return CREDIT_ALPHABET[(31 - (sum % 31)) % 31] ?? '';
}

/** True for a normalised unified credit code (统一社会信用代码) with a right check character. */
export function isCreditCode(code: string): boolean {
  return /^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/.test(code) && creditCodeCheck(code) === code[17];
}

/** True for what a unified credit code begins with (authority, kind, region), as far as it was typed: less than all of it has no check character. */
export function isCreditCodeBeginning(text: string): boolean {
  return /^[159N][1239]\d{6}[0-9A-HJ-NPQRTUWXY]{0,9}$/.test(text);
}

/** True for a mobile number of the mainland: eleven digits beginning 13 to 19, a country code +86 or 0086 apart. */
export function isMobilePhone(phone: string): boolean {
  return /^1[3-9]\d{9}$/.test(plainPhone(phone));
}

/** A normalised number without its country code. */
export function plainPhone(phone: string): string {
  return normaliseNumber(phone).replace(/^(\+|00)?86(?=1\d{10}$)/, '');
}

/** True for a bank card or account number of 12 to 19 digits with a right last digit (Luhn). */
export function isCardNumber(card: string): boolean {
  return /^\d{12,19}$/.test(card) && luhnSum(card) % 10 === 0;
}

/** True for what a name may be: Chinese characters with the dot of minority names, or Latin letters; 2 to 40 characters. */
export function isPersonName(name: string): boolean {
  return /^\p{Script=Han}[\p{Script=Han}·]*\p{Script=Han}$/u.test(name) || /^\p{L}[\p{L} .'·-]{0,38}\p{L}$/u.test(name);
}

const TWO_CHARACTER_SURNAMES = new Set(
  '欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 司空 夏侯 宇文 长孙 端木 百里 南宫 轩辕 独孤 西门 呼延 澹台 公冶 太史 申屠 闻人 钟离 淳于 单于 濮阳'.split(
    ' ',
  ),
);

/** Surname and a star for every further character: 张*, 欧阳**; a name in letters keeps its first letter. */
export function maskName(name: string): string {
  const characters = [...name];
  const kept = characters.length > 2 && TWO_CHARACTER_SURNAMES.has(characters.slice(0, 2).join('')) ? 2 : 1;
  return characters.slice(0, kept).join('') + '*'.repeat(Math.max(0, characters.length - kept));
}

/** 1101**********0012 */
export function maskId(id: string): string {
  return id.slice(0, 4) + '*'.repeat(Math.max(0, id.length - 8)) + id.slice(-4);
}

/** 138****5678 */
export function maskPhone(phone: string): string {
  return `${phone.slice(0, 3)}****${phone.slice(-4)}`;
}

/** **** 5678 */
export function maskAccount(account: string): string {
  return `**** ${account.slice(-4)}`;
}

/** A made-up resident ID with a right check character. `serial` 0–999: an odd one is a man's. */
export function makeId(person: { region: string; birth: string; serial: number }): string {
  const digits = person.region + person.birth.replaceAll('-', '') + String(person.serial % 1000).padStart(3, '0');
  return digits + idCheckDigit(digits);
}

/** A made-up unified credit code: `kind` '91' enterprise, '52' civil non-enterprise unit (most training schools), '12' public institution. */
export function makeUscc(body: { kind?: string; region: string; serial: number }): string {
  const head = `${body.kind ?? '91'}${body.region}MA${String(body.serial).padStart(7, '0').slice(-7)}`;
  return head + creditCodeCheck(head);
}

/** A made-up card number of 19 digits under the issuer's prefix. */
export function makeCard(card: { prefix?: string; serial: number }): string {
  const head = (card.prefix ?? '622848') + String(card.serial).padStart(12, '0').slice(-12);
  return head + String((10 - (luhnSum(`${head}0`) % 10)) % 10);
}

function luhnSum(digits: string): number {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 1 ? doubled : digit;
  }
  return sum;
}

function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
