/** Which passwords are accepted: twelve characters, or eight of three classes; not the own name or login, none that everybody tries. */

export const passwordLongest = 200;
const LONG_ENOUGH = 12;
const SHORTEST = 8;

/** Parts that everybody tries; a password is refused when nothing much is left without them. */
const common = (
  'password passw0rd p@ssw0rd p@ssword qwertyuiop qwerty asdfgh zxcvbn 1qaz2wsx q1w2e3r4 abc123 a1b2c3 1234567890 12345678 123456 654321 ' +
  '111111 000000 666666 888888 123123 5201314 1314520 administrator admin root welcome letmein iloveyou woaini shiming fujian renshe ' +
  'changeme test user'
).split(' ');

const classes = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];

/** Code of what is wrong with it (a key under `errors.`), or undefined. Lengths are in characters, not bytes. */
export function passwordFault(password: string, person: { login: string; name: string }): string | undefined {
  const length = [...password].length;
  const kinds = classes.filter((kind) => kind.test(password)).length;
  if (length < SHORTEST || (length < LONG_ENOUGH && kinds < 3)) return 'password.weak';
  if (length > passwordLongest) return 'password.long';
  const plain = password.normalize('NFKC').toLowerCase();
  for (const own of [person.login, person.name]) {
    const part = own.normalize('NFKC').toLowerCase().trim();
    if ([...part].length >= 2 && plain.includes(part)) return 'password.own';
  }
  if (new Set(plain).size < 5) return 'password.common';
  const rest = common.reduce((left, word) => left.replaceAll(word, ''), plain).replace(/[^\p{L}]+/gu, '');
  return [...rest].length < 3 && common.some((word) => plain.includes(word)) ? 'password.common' : undefined;
}
