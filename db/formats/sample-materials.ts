/** Made-up materials for the demonstration and for tests, made in code: small PDF files of one page, and a picture of a room. */
import { deflateSync } from 'node:zlib';
import type { MaterialKind, MaterialType } from '../../workflows/domain/classes/material.ts';

export type SampleMaterial = { name: string; type: MaterialType; content: Buffer };

const pages: Record<Exclude<MaterialKind, 'venue'>, { name: string; lines: string[] }> = {
  plan: {
    name: '教学计划与大纲.pdf',
    lines: [
      '教学计划与大纲',
      '培养目标：掌握岗位所需的理论知识与操作技能。',
      '教学安排：理论与实操各半，逐日考勤，结业后由评价机构考核。',
      '（演示材料，内容为虚构）',
    ],
  },
  teachers: {
    name: '师资证明.pdf',
    lines: ['师资证明', '任课教师的职业资格证书与聘用合同，复印件与原件核对无误。', '（演示材料，内容为虚构）'],
  },
  group: {
    name: '学员人群证明.pdf',
    lines: ['学员人群证明', '农村转移就业劳动者证明由户籍所在地村委会出具，共一页。', '（演示材料，内容为虚构）'],
  },
  other: { name: '其他说明.pdf', lines: ['其他说明', '（演示材料，内容为虚构）'] },
};

export function sampleMaterial(kind: MaterialKind): SampleMaterial {
  if (kind === 'venue') return { name: '场地与设备照片.png', type: 'image/png', content: roomPicture(640, 420) };
  return { name: pages[kind].name, type: 'application/pdf', content: samplePdf(pages[kind].lines) };
}

/** A page of A4. The characters come from a font that every reader of PDF brings along. */
export function samplePdf(lines: readonly string[]): Buffer {
  const hex = (line: string): string => Buffer.from(line, 'utf16le').swap16().toString('hex');
  const text = lines.map((line, at) => `BT /F1 ${at === 0 ? 20 : 12} Tf 70 ${760 - at * 34} Td <${hex(line)}> Tj ET`).join('\n');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    '<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>',
    '<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R >>',
    '<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>',
  ];
  let out = '%PDF-1.4\n';
  const offsets = objects.map((object, at) => {
    const offset = out.length;
    out += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const start = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(out, 'latin1');
}

/** A training kitchen, roughly: wall, floor, a row of stoves. */
function roomPicture(width: number, height: number): Buffer {
  const colour = (x: number, y: number): [number, number, number] => {
    const stove = y > height * 0.5 && y < height * 0.72 && x % 90 > 12 && x % 90 < 78;
    const window = y > height * 0.14 && y < height * 0.36 && x % 180 > 40 && x % 180 < 140;
    if (stove) return y < height * 0.54 ? [70, 78, 88] : [148, 156, 166];
    if (window) return [196, 222, 240];
    return y < height * 0.62 ? [232, 228, 218] : [186, 172, 152];
  };
  return samplePng(width, height, colour);
}

/** Eight bits a channel, without interlace. */
export function samplePng(width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): Buffer {
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rows.set(colour(x, y), y * (width * 3 + 1) + 1 + x * 3);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), data.length + 8);
  return out;
}

/** Node's own came with version 22. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
