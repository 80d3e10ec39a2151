import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { loadVaultKeys, openVault, parseVaultKeys, placeOf, VaultError } from '../../db/vault.ts';

const dir = mkdtempSync(join(tmpdir(), 'vault-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const keys = { keys: { k1: randomBytes(32) }, currentKid: 'k1', indexKey: randomBytes(32) };
const vault = openVault(keys);
const place = placeOf('persons', 'id_number', '17');

test('[N2] what is sealed opens again, never looks the same twice and shows nothing of the text', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (plain) => vault.open(place, vault.seal(place, plain)) === plain));
  const sealed = vault.seal(place, '350104199003071237');
  expect(sealed).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
  expect(sealed).not.toBe(vault.seal(place, '350104199003071237'));
});

test('[N2] a sealed value moved to another row or column, or changed in any part, does not open', () => {
  const sealed = vault.seal(place, '350104199003071237');
  for (const other of [placeOf('persons', 'id_number', '18'), placeOf('persons', 'phone', '17'), placeOf('users', 'id_number', '17')]) {
    expect(() => vault.open(other, sealed)).toThrow(VaultError);
  }
  const parts = sealed.split('.');
  for (const index of [2, 3, 4]) {
    const changed = parts.with(index, (parts[index]?.startsWith('A') ? 'B' : 'A') + parts[index]?.slice(1)).join('.');
    expect(() => vault.open(place, changed)).toThrow(VaultError);
  }
  for (const wrong of [
    '',
    'v1.k1',
    `v2.${parts.slice(1).join('.')}`,
    `v1.k9.${parts.slice(2).join('.')}`,
    `v1.toString.${parts.slice(2).join('.')}`,
  ]) {
    expect(() => vault.open(place, wrong)).toThrow(VaultError);
  }
  // A shortened tag would be cheap to forge.
  expect(() => vault.open(place, parts.with(3, parts[3]?.slice(0, 6) ?? '').join('.'))).toThrow(VaultError);
});

test('[N2] the blind index finds a value however it was typed, and differs by kind and key', () => {
  const index = vault.index('id', '35010419900307123X');
  expect(index).toHaveLength(32);
  expect(vault.index('id', ' ３５０１０４ 19900307-123x ')).toEqual(index);
  expect(vault.index('account', '35010419900307123X')).not.toEqual(index);
  expect(openVault({ ...keys, indexKey: randomBytes(32) }).index('id', '35010419900307123X')).not.toEqual(index);
});

test('after a change of key the old values still open and are known as stale', () => {
  const old = vault.seal(place, 'x');
  const next = openVault({ ...keys, keys: { ...keys.keys, k2: randomBytes(32) }, currentKid: 'k2' });
  expect(next.open(place, old)).toBe('x');
  expect([next.isStale(old), next.isStale(next.seal(place, 'x'))]).toEqual([true, false]);
  expect(() => vault.open(place, next.seal(place, 'x'))).toThrow(/no key 'k2'/);
});

test('keys of the wrong length, without the current one, or used twice are refused', () => {
  expect(() => openVault({ ...keys, keys: { k1: randomBytes(16) } })).toThrow('32 bytes');
  expect(() => openVault({ ...keys, currentKid: 'k2' })).toThrow(VaultError);
  expect(() => openVault({ ...keys, indexKey: randomBytes(8) })).toThrow('32 bytes');
  expect(() => openVault({ ...keys, indexKey: keys.keys.k1 })).toThrow(VaultError);
  for (const json of ['', '[]', '{"keys":{}}', '{"keys":{"k1":1},"currentKid":"k1","indexKey":""}'])
    expect(() => parseVaultKeys(json)).toThrow(VaultError);
});

test('the key file is made once, for its owner only, and never replaced', () => {
  const home = join(dir, 'one');
  const made = loadVaultKeys(home);
  expect(statSync(join(home, 'vault-keys.json')).mode & 0o777).toBe(0o600);
  expect(loadVaultKeys(home)).toEqual(made);
  expect(readdirSync(home)).toEqual(['vault-keys.json']);
  chmodSync(join(home, 'vault-keys.json'), 0o644);
  loadVaultKeys(home);
  expect(statSync(join(home, 'vault-keys.json')).mode & 0o777).toBe(0o600);

  writeFileSync(join(home, 'vault-keys.json'), '{"half":');
  expect(() => loadVaultKeys(home)).toThrow(VaultError);
  expect(readFileSync(join(home, 'vault-keys.json'), 'utf8')).toBe('{"half":');
});

test('processes that start at once get the same keys', async () => {
  const home = join(dir, 'race');
  const script = `import { loadVaultKeys } from ${JSON.stringify(new URL('../../db/vault.ts', import.meta.url).href)}; console.log(loadVaultKeys(${JSON.stringify(home)}).indexKey.toString('hex'));`;
  const runs = await Promise.all(
    [1, 2, 3].map(() =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        cwd: new URL('../..', import.meta.url),
      }),
    ),
  );
  expect(new Set(runs.map((run) => run.stdout.trim())).size).toBe(1);
}, 30_000);
