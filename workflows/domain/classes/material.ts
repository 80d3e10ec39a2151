/** Materials that an institution attaches to a class: their kinds, what may be attached, and what a file is by its content. */
export const materialKinds = ['plan', 'teachers', 'venue', 'group', 'other'] as const;
/** 教学计划, 师资证明, 场地设备, 学员人群证明, 其他. */
export type MaterialKind = (typeof materialKinds)[number];

export const MATERIAL_MAX_BYTES = 10_000_000;
export const MATERIALS_PER_CLASS = 30;
const NAME_MAX = 120;

export const materialTypes = ['application/pdf', 'image/jpeg', 'image/png'] as const;
export type MaterialType = (typeof materialTypes)[number];

const endings: Record<MaterialType, readonly string[]> = {
  'application/pdf': ['pdf'],
  'image/jpeg': ['jpg', 'jpeg'],
  'image/png': ['png'],
};

/** What the content says that it is; the name and what the browser declared are not asked. Undefined: nothing that may be attached, or cut off. */
export function typeOfContent(content: Uint8Array): MaterialType | undefined {
  if (startsWith(content, '%PDF-')) return lastPart(content, 1_024).includes('%%EOF') ? 'application/pdf' : undefined;
  if (startsWith(content, '\x89PNG\r\n\x1a\n')) {
    return text(content.subarray(12, 16)) === 'IHDR' && lastPart(content, 64).includes('IEND') ? 'image/png' : undefined;
  }
  // Cameras append data after the end of the image.
  if (startsWith(content, '\xff\xd8\xff')) return hasPair(content, 0xff, 0xd9) ? 'image/jpeg' : undefined;
  return undefined;
}

export function endingFits(name: string, type: MaterialType): boolean {
  return endings[type].includes(/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '');
}

/** The name as data: no folders, no control characters or marks that turn the direction of writing, not endless. */
export function cleanName(given: string): string {
  const bare = (given.split(/[\\/]/).at(-1) ?? '')
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim();
  if (bare.length <= NAME_MAX) return bare;
  const ending = /\.[^.]{1,10}$/.exec(bare)?.[0] ?? '';
  // A character outside the basic plane may have been cut in two.
  return `${bare.slice(0, NAME_MAX - ending.length - 1).replace(/\p{Cs}/gu, '')}…${ending}`;
}

function startsWith(content: Uint8Array, head: string): boolean {
  return text(content.subarray(0, head.length)) === head;
}

function lastPart(content: Uint8Array, bytes: number): string {
  return text(content.subarray(Math.max(0, content.length - bytes)));
}

/** Byte by byte. */
function text(content: Uint8Array): string {
  return Array.from(content, (byte) => String.fromCharCode(byte)).join('');
}

function hasPair(content: Uint8Array, first: number, second: number): boolean {
  for (let at = content.lastIndexOf(second); at > 2; at = content.lastIndexOf(second, at - 1)) if (content[at - 1] === first) return true;
  return false;
}
