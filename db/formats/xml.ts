import { SaxesParser } from 'saxes';
import { inputError } from '../../workflows/domain/errors.ts';

export type XmlAttributes = Record<string, string>;

/** Names come without their prefix (`x:row` → `row`, `r:id` → `id`). `done` ends the reading early. */
export type XmlVisitor = {
  open?(name: string, attributes: XmlAttributes): void;
  close?(name: string): void;
  text?(text: string): void;
  done?(): boolean;
};

/** Streams one XML part past a visitor. A document type is refused (no entity of its own can be declared). */
export async function readXml(chunks: AsyncIterable<Buffer>, visitor: XmlVisitor): Promise<void> {
  const parser = new SaxesParser({ position: false });
  parser.on('doctype', () => {
    throw inputError('file', 'file.damaged');
  });
  parser.on('opentag', (tag) => {
    const attributes: XmlAttributes = {};
    for (const [name, value] of Object.entries(tag.attributes)) attributes[localName(name)] = value;
    visitor.open?.(localName(tag.name), attributes);
  });
  parser.on('closetag', (tag) => visitor.close?.(localName(tag.name)));
  parser.on('text', (text) => visitor.text?.(text));
  parser.on('cdata', (text) => visitor.text?.(text));

  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(chunk[0] === 0xff && chunk[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true });
    parser.write(decoder.decode(chunk, { stream: true }));
    if (visitor.done?.()) return;
  }
  parser.write(decoder?.decode() ?? '');
  parser.close();
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

const forbidden =
  /[<>&"]|_x[0-9A-Fa-f]{4}_|[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const named: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** Text for an element or attribute; what XML cannot hold is written the way Excel does, as `_xHHHH_` (ECMA-376, ST_Xstring). */
export function xmlText(text: string): string {
  return text.replace(forbidden, (found) => {
    if (found.length > 1) return `_x005F${found}`;
    return named[found] ?? `_x${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
  });
}

/** The inverse of Excel's `_xHHHH_` for text that came out of a part. */
export function unescapeExcel(text: string): string {
  return text.includes('_x')
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
}
