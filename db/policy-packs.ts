/** Policy packs on record: loaded from the files that ship with the program; the one in force is found by region and date. */
import { NotFoundError } from '../workflows/domain/errors.ts';
import { packInForce, type PolicyPack } from '../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../workflows/domain/policy/policy-reader.ts';
import { requestDigest } from './protocol/idempotency.ts';
import type { Db } from './client.ts';

/** Puts a pack on record, or replaces one of the same id. */
export async function savePolicyPack(db: Db, content: unknown): Promise<PolicyPack> {
  const pack = readPolicyPack(content);
  await db('policy_packs')
    .insert({
      id: pack.id,
      region: pack.region,
      valid_from: pack.from,
      valid_to: pack.to,
      content: JSON.stringify(content),
      digest: requestDigest(content),
    })
    .onConflict('id')
    .merge();
  return pack;
}

export async function getPolicyPack(db: Db, id: string): Promise<PolicyPack> {
  const row = await db('policy_packs').where({ id }).first('content');
  if (!row) throw new NotFoundError('pack.unknown');
  return readPolicyPack(row.content);
}

/** The pack in force for a region (given by its path) on a date: the nearest region that has one. */
export async function packFor(db: Db, regionPath: string, date: string): Promise<PolicyPack> {
  const upwards = regionPath.split('/').reverse();
  const rows = await db('policy_packs').whereIn('region', upwards).select('content');
  const pack = packInForce(
    rows.map((row) => readPolicyPack(row.content)),
    upwards,
    date,
  );
  if (!pack) throw new NotFoundError('pack.unknown');
  return pack;
}
