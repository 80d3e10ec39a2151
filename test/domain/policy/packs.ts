import { readdirSync, readFileSync } from 'node:fs';
import type { PolicyPack, RatePack } from '../../../workflows/domain/policy/policy.ts';
import { readPolicyPack, readRatePack } from '../../../workflows/domain/policy/policy-reader.ts';

const folder = new URL('../../../db/policy-packs/', import.meta.url);

export function packJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

export function packNames(under = ''): string[] {
  return readdirSync(new URL(under, folder))
    .filter((name) => name.endsWith('.json'))
    .map((name) => under + name.replace('.json', ''));
}

export function policyPack(name: string): PolicyPack {
  return readPolicyPack(packJson(name));
}

export function ratePack(id: string): RatePack {
  return packNames().includes(id) ? policyPack(id) : readRatePack(packJson(`rates/${id}`));
}
