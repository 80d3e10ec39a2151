import type { Readable } from 'node:stream';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { inputError, OfficeError } from '../../workflows/domain/errors.ts';

/** Bounds that are checked before anything is unpacked. Sizes in bytes; `maxRatio` = unpacked : packed. */
export type ZipLimits = { maxBytes: number; maxEntries: number; maxUnpackedBytes: number; maxRatio: number };

export type Archive = { has(name: string): boolean; stream(name: string): AsyncIterable<Buffer> };

/** Below this a high ratio is harmless, and ordinary sheets full of blank cells reach it. */
const RATIO_FREE_BYTES = 1_000_000;

/** Opens a ZIP file held in memory. Throws file.tooLarge, file.bomb, file.encrypted, file.damaged. Names are compared without case. */
export async function openArchive(file: Buffer, limits: ZipLimits): Promise<Archive> {
  if (file.length > limits.maxBytes) throw inputError('file', 'file.tooLarge', { maxMegabytes: Math.floor(limits.maxBytes / 1_000_000) });
  const { zip, entries } = await listEntries(file, limits).catch(asDamaged);
  return {
    has: (name) => entries.has(name.toLowerCase()),
    stream: (name) => readEntry(zip, entries.get(name.toLowerCase()), limits.maxUnpackedBytes),
  };
}

async function listEntries(file: Buffer, limits: ZipLimits): Promise<{ zip: ZipFile; entries: Map<string, Entry> }> {
  const zip = await fromBufferPromise(file, { lazyEntries: true, validateEntrySizes: true });
  if (zip.entryCount > limits.maxEntries) throw inputError('file', 'file.bomb');
  const entries = new Map<string, Entry>();
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.isEncrypted()) throw inputError('file', 'file.encrypted');
    unpacked += entry.uncompressedSize;
    const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
    if (unpacked > limits.maxUnpackedBytes || (entry.uncompressedSize > RATIO_FREE_BYTES && ratio > limits.maxRatio)) {
      throw inputError('file', 'file.bomb');
    }
    entries.set(entry.fileName.toLowerCase(), entry);
  }
  return { zip, entries };
}

/** yauzl stops a stream that gives more than its entry declared; the count here is the second lock. */
async function* readEntry(zip: ZipFile, entry: Entry | undefined, maxBytes: number): AsyncGenerator<Buffer> {
  if (!entry) throw inputError('file', 'file.damaged');
  let stream: Readable | undefined;
  let bytes = 0;
  try {
    stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw inputError('file', 'file.bomb');
      yield chunk;
    }
  } catch (error) {
    asDamaged(error);
  } finally {
    stream?.destroy();
  }
}

/** Turns what yauzl, zlib and the XML parser throw into an error for the person; our own errors pass. */
export function asDamaged(error: unknown): never {
  if (error instanceof OfficeError) throw error;
  const text = error instanceof Error ? error.message : '';
  throw inputError('file', /too many bytes/.test(text) ? 'file.bomb' : 'file.damaged');
}
