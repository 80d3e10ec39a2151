import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Encryption of fields with personal data, and blind indexes to find them by.
 * Sealed form: `v1.<key id>.<iv>.<tag>.<ciphertext>`, AES-256-GCM, parts in base64url. The place of the value (`table.column:rowId`) is
 * authenticated with it, so that a sealed value cannot be moved to another row or column. The index is HMAC-SHA-256 under a key of its own.
 * Files are sealed likewise, without base64: `v1.<key id>.<iv>.<tag>.` and then the ciphertext itself.
 */
export type VaultKeys = {
  /** 32 bytes each, by key id. Retired keys stay, for what they sealed. */
  keys: Record<string, Buffer>;
  /** The key that seals. */
  currentKid: string;
  /** 32 bytes; changing it means computing every index again. */
  indexKey: Buffer;
};

/** Kinds of value never share an index: the same digits as phone and as account give different bytes. */
export type IndexKind = 'id' | 'phone' | 'account';

export type Vault = {
  /** `place`: 'table.column:rowId', see `placeOf`. */
  seal(place: string, plain: string): string;
  /** Throws VaultError where the value was changed, moved, or sealed with a key that is not here. Its message holds no data. */
  open(place: string, sealed: string): string;
  /** A file, for a bytea column. */
  sealBytes(place: string, plain: Buffer): Buffer;
  /** Throws VaultError like `open`. */
  openBytes(place: string, sealed: Buffer): Buffer;
  /** 32 bytes for a bytea column. The value is normalised first: NFKC, without blanks and hyphens, capital letters. */
  index(kind: IndexKind, plain: string): Buffer;
  /** True if another than the current key sealed it. */
  isStale(sealed: string): boolean;
};

export class VaultError extends Error {
  override name = 'VaultError';
}

export function placeOf(table: string, column: string, rowId: string): string {
  return `${table}.${column}:${rowId}`;
}

export function openVault(given: VaultKeys): Vault {
  checkKeys(given);
  const { keys, currentKid, indexKey } = given;

  function encrypt(place: string, plain: Buffer): { iv: Buffer; tag: Buffer; text: Buffer } {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keyOf(keys, currentKid), iv).setAAD(associatedData(currentKid, place));
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return { iv, tag: cipher.getAuthTag(), text };
  }

  function decrypt(place: string, { kid, iv, tag, text }: Parts): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keys, kid), iv, { authTagLength: 16 }).setAAD(associatedData(kid, place));
    try {
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(text), decipher.final()]);
    } catch {
      throw new VaultError(`a sealed value does not belong to its place or was changed (${place})`);
    }
  }

  return {
    seal(place, plain) {
      const { iv, tag, text } = encrypt(place, Buffer.from(plain, 'utf8'));
      return ['v1', currentKid, ...[iv, tag, text].map((part) => part.toString('base64url'))].join('.');
    },
    open: (place, sealed) => decrypt(place, partsOf(sealed)).toString('utf8'),
    sealBytes(place, plain) {
      const { iv, tag, text } = encrypt(place, plain);
      return Buffer.concat([Buffer.from(`${['v1', currentKid, iv.toString('base64url'), tag.toString('base64url')].join('.')}.`), text]);
    },
    openBytes: (place, sealed) => decrypt(place, partsOfBytes(sealed)),
    index: (kind, plain) =>
      createHmac('sha256', indexKey)
        .update(`${kind}\0${indexForm(plain)}`, 'utf8')
        .digest(),
    isStale: (sealed) => partsOf(sealed).kid !== currentKid,
  };
}

function indexForm(plain: string): string {
  return plain
    .normalize('NFKC')
    .replace(/[\s\u200b-\u200d\u2060\ufeff-]/g, '')
    .toUpperCase();
}

function associatedData(kid: string, place: string): Buffer {
  return Buffer.from(`v1\0${kid}\0${place}`, 'utf8');
}

type Parts = { kid: string; iv: Buffer; tag: Buffer; text: Buffer };

function partsOf(sealed: string): Parts {
  const [version, kid = '', ...rest] = sealed.split('.');
  const [iv, tag, text] = rest.map((part) => Buffer.from(part, 'base64url'));
  if (version !== 'v1' || rest.length !== 3 || iv?.length !== 12 || tag?.length !== 16 || !text) throw new VaultError('not a sealed value');
  return { kid, iv, tag, text };
}

/** The head is plain ASCII and ends with its fourth dot. */
function partsOfBytes(sealed: Buffer): Parts {
  let end = -1;
  for (let dots = 0; dots < 4; dots += 1) {
    end = sealed.indexOf('.', end + 1);
    if (end < 0) throw new VaultError('not a sealed value');
  }
  return { ...partsOf(`${sealed.subarray(0, end).toString('latin1')}.`), text: sealed.subarray(end + 1) };
}

function keyOf(keys: Record<string, Buffer>, kid: string): Buffer {
  const key = Object.hasOwn(keys, kid) ? keys[kid] : undefined;
  if (!key) throw new VaultError(`no key '${kid}' is loaded`);
  return key;
}

function checkKeys({ keys, currentKid, indexKey }: VaultKeys): void {
  for (const [kid, key] of Object.entries(keys)) {
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(kid)) throw new VaultError('a key id holds letters, digits, - and _ only');
    if (key.length !== 32) throw new VaultError(`key '${kid}' must be 32 bytes`);
    if (key.equals(indexKey)) throw new VaultError('the index key must not be an encryption key');
  }
  keyOf(keys, currentKid);
  if (indexKey.length !== 32) throw new VaultError('the index key must be 32 bytes');
}

/** Keys as JSON `{"currentKid":"k1","keys":{"k1":"<base64>"},"indexKey":"<base64>"}`, as in the key file or a secret of the platform. */
export function parseVaultKeys(json: string): VaultKeys {
  const form = 'the vault keys must be JSON {"currentKid": …, "keys": {kid: base64}, "indexKey": base64}';
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    throw new VaultError(form);
  }
  if (!isRecord(read) || !isRecord(read.keys) || typeof read.currentKid !== 'string' || typeof read.indexKey !== 'string')
    throw new VaultError(form);
  const keys: Record<string, Buffer> = {};
  for (const [kid, key] of Object.entries(read.keys)) {
    if (typeof key !== 'string') throw new VaultError(form);
    keys[kid] = Buffer.from(key, 'base64');
  }
  const parsed = { keys, currentKid: read.currentKid, indexKey: Buffer.from(read.indexKey, 'base64') };
  checkKeys(parsed);
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The keys of a single-machine installation: `<dir>/vault-keys.json`, made on the first start, readable by its owner only. Whoever loses the
 * file loses the data, so it is never replaced. Processes that start at once agree on one file: it appears whole, under a name taken once.
 */
export function loadVaultKeys(dir: string): VaultKeys {
  const path = join(dir, 'vault-keys.json');
  const found = readKeyFile(path);
  if (found) return found;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const base64 = () => randomBytes(32).toString('base64');
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify({ currentKid: 'k1', keys: { k1: base64() }, indexKey: base64() }, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = readKeyFile(path);
  if (!made) throw new VaultError(`cannot read ${path}`);
  return made;
}

function readKeyFile(path: string): VaultKeys | undefined {
  let json: string;
  try {
    // Tightened rather than refused: a restored copy often comes back with wider rights.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    json = readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  return parseVaultKeys(json);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
