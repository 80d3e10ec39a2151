/**
 * GB 18030 encoding, which Node can only decode: the tables of TextDecoder are turned round once (about 50 ms, on first use).
 * Banks here take and give their batch files in it.
 */
const replacement = 0x8431a437; // U+FFFD
let table: Uint32Array | undefined;

/** Private-use characters of the 2005 edition whose codes the 2022 edition gave to proper characters: first character, first code, how many. */
const movedIn2022: [number, number, number][] = [
  [0xe78d, 0xa6d9, 7],
  [0xe794, 0xa6ec, 2],
  [0xe796, 0xa6f3, 1],
  [0xe81e, 0xfe59, 1],
  [0xe826, 0xfe61, 1],
  [0xe82b, 0xfe66, 2],
  [0xe832, 0xfe6d, 1],
  [0xe843, 0xfe7e, 1],
  [0xe854, 0xfe90, 1],
  [0xe864, 0xfea0, 1],
];

/** Text → bytes; `new TextDecoder('gb18030')` gives the text back. A lone half of a surrogate pair becomes U+FFFD. */
export function encodeGb18030(text: string): Buffer {
  table ??= invertDecoder();
  const out = Buffer.alloc(text.length * 4);
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) {
      out[length++] = point;
      continue;
    }
    const code = point > 0xffff ? fourBytes(0x90, point - 0x10000) : (table[point] ?? 0) || replacement;
    if (code > 0xffff) {
      out[length++] = code >>> 24;
      out[length++] = (code >>> 16) & 0xff;
    }
    out[length++] = (code >>> 8) & 0xff;
    out[length++] = code & 0xff;
  }
  return out.subarray(0, length);
}

/** The code of a place in the four-byte area: 126 × 10 codes per second byte, the last byte 30–39, the third 81–FE. */
function fourBytes(lead: number, place: number): number {
  const bytes = [
    lead + Math.floor(place / 12_600),
    0x30 + (Math.floor(place / 1_260) % 10),
    0x81 + (Math.floor(place / 10) % 126),
    0x30 + (place % 10),
  ];
  return bytes.reduce((code, byte) => code * 256 + byte, 0);
}

function invertDecoder(): Uint32Array {
  const codes = new Uint32Array(0x10000);
  // The four-byte area first, so that the shorter code wins where a character has both.
  const fours = Array.from({ length: 39_420 }, (_, place) => fourBytes(0x81, place));
  learn(codes, fours);
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    const row: number[] = [];
    for (let trail = 0xfe; trail >= 0x40; trail--) if (trail !== 0x7f) row.push(lead * 256 + trail);
    learn(codes, row);
  }
  for (const [point, code, count] of movedIn2022) {
    for (let index = 0; index < count; index++) codes[point + index] ||= code + index;
  }
  return codes;
}

/** Decodes the codes in one go, a line feed after each so that an unassigned one cannot swallow its neighbour. */
function learn(codes: Uint32Array, list: number[]): void {
  const bytes: number[] = [];
  for (const code of list) {
    if (code > 0xffff) bytes.push(code >>> 24, (code >>> 16) & 0xff);
    bytes.push((code >>> 8) & 0xff, code & 0xff, 0x0a);
  }
  const characters = new TextDecoder('gb18030').decode(Uint8Array.from(bytes)).split('\n');
  for (const [index, code] of list.entries()) {
    const character = characters[index] ?? '';
    if (character.length === 1 && character !== '\ufffd') codes[character.charCodeAt(0)] = code;
  }
}
