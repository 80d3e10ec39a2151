/** Policy packs on record: uploaded by one catalogue officer, put in force by another, never changed. The one in force is found by region and date. */
import { withinPaths } from '../regions.ts';
import { inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { packInForce, type PolicyPack } from '../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { pathsOf } from '../accounts/accounts.ts';
import type { Db, Trx } from '../client.ts';
import { endOf, lockProposal, type Proposal, requireSecondPerson, settleProposal } from './proposals.ts';
import { type IdempotentRequest, onceOnly, requestDigest } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';

/** Puts a pack that comes with the program on record; one that is there stays as it is. */
export async function savePolicyPack(db: Db, content: unknown): Promise<PolicyPack> {
  const pack = readPolicyPack(content);
  await insertPack(db, pack, content, { digest: requestDigest(content), from: pack.from });
  return pack;
}

async function insertPack(
  db: Db,
  pack: PolicyPack,
  content: unknown,
  { digest, from, uploadId }: { digest: string; from: string; uploadId?: string },
): Promise<void> {
  await db('policy_packs')
    .insert({
      id: pack.id,
      region: pack.region,
      valid_from: from,
      valid_to: pack.to,
      content: JSON.stringify(content),
      digest,
      upload_id: uploadId ?? null,
    })
    .onConflict('id')
    .ignore();
}

export async function getPolicyPack(db: Db, id: string): Promise<PolicyPack> {
  const row = await db('policy_packs').where({ id }).first('content');
  if (!row) throw new NotFoundError('pack.unknown');
  return readPolicyPack(row.content);
}

/** The pack in force for a region (given by its path) on a date: the nearest region that has one. */
export async function packFor(db: Db, regionPath: string, date: string): Promise<PolicyPack> {
  const upwards = regionPath.split('/').reverse();
  const packs: { id: string; region: string; from: string; to: string | null }[] = await db('policy_packs')
    .whereIn('region', upwards)
    .select('id', 'region', { from: 'valid_from', to: 'valid_to' });
  const found = packInForce(packs, upwards, date);
  if (!found) throw new NotFoundError('pack.unknown');
  return getPolicyPack(db, found.id);
}

/** What can stand in an address; a digit keeps it apart from the words that stand there. */
const idForm = /^(?=.*\d)[a-z0-9][a-z0-9._-]{2,59}$/;

/**
 * Uploads a pack for a region of the own. Throws InputError with one issue per wrong path of the pack, and for an id that is taken:
 * a pack in force is never changed, its next version has another id.
 */
export async function uploadPack(
  db: Db,
  actor: Actor,
  { content, fileName }: { content: unknown; fileName: string },
  request?: IdempotentRequest,
): Promise<{ uploadId: string }> {
  const pack = readPolicyPack(content);
  if (!idForm.test(pack.id)) throw inputError('id', 'pack.id');
  return onceOnly(db, request, async (trx) => {
    const region = await trx('regions').where({ code: pack.region }).first('path');
    if (!region || !pathsOf(actor, 'catalogue_officer').some((path) => isWithin(region.path, path)))
      throw inputError('region', 'region.outside');
    if (await trx('policy_packs').where({ id: pack.id }).first('id')) throw inputError('id', 'pack.taken');
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into pack_uploads (pack_id, region, content, digest, file_name, proposed_by, proposed_at)
       values (:id, :region, :content, :digest, :fileName, :by, business_now())
       on conflict (pack_id) where status in ('proposed', 'confirmed') do nothing returning id`,
      { id: pack.id, region: pack.region, content: JSON.stringify(content), digest: requestDigest(content), fileName, by: actor.userId },
    );
    const uploadId = rows[0]?.id;
    if (!uploadId) throw inputError('id', 'pack.waiting');
    await auditOutside(trx, actor.userId, {
      act: 'pack.upload',
      subject: `pack-${pack.id}`,
      detail: { upload: uploadId, region: pack.region, digest: requestDigest(content) },
    });
    return { uploadId };
  });
}

type UploadRow = Proposal & { pack_id: string; content: unknown; digest: string };

/**
 * The second person puts it in force from a day that is not over. Classes that are open keep the terms that they began with.
 * Throws InputError on `from`, NotAllowedError for who uploaded it, ConflictError when it was decided.
 */
export async function confirmPack(
  db: Db,
  actor: Actor,
  { uploadId, from }: { uploadId: string; from: string },
  request?: IdempotentRequest,
): Promise<{ packId: string; from: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<UploadRow>(trx, 'pack_uploads', { id: uploadId, paths: pathsOf(actor, 'catalogue_officer') });
    requireSecondPerson(actor, row);
    const pack = readPolicyPack(row.content);
    await requireBegin(trx, pack, from);
    await trx('pack_uploads')
      .where({ id: uploadId })
      .update({
        status: 'confirmed',
        decided_by: actor.userId,
        decided_at: trx.raw('business_now()'),
        in_force_from: from,
      });
    await insertPack(trx, pack, row.content, { digest: row.digest, from, uploadId });
    await auditOutside(trx, actor.userId, {
      act: 'pack.confirm',
      subject: `pack-${pack.id}`,
      detail: { upload: uploadId, from, digest: row.digest, uploadedBy: row.proposed_by },
    });
    return { packId: pack.id, from };
  });
}

async function requireBegin(trx: Trx, pack: PolicyPack, from: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { today: string }[] }>('select business_today() as today');
  const today = rows[0]?.today ?? '';
  if (from < today) throw inputError('from', 'pack.past', { today });
  if (from < pack.from) throw inputError('from', 'pack.tooEarly', { from: pack.from });
  if (pack.to !== null && from >= pack.to) throw inputError('from', 'pack.over', { to: pack.to });
  // Two that begin on one day would leave it open which of them counts.
  await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`pack-${pack.region}`]);
  const other = await trx('policy_packs').where({ region: pack.region, valid_from: from }).first('id');
  if (other) throw inputError('from', 'pack.sameDay', { id: other.id });
}

/** Refused by a second person, or taken back by who uploaded it. */
export async function refusePack(db: Db, actor: Actor, uploadId: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<UploadRow>(trx, 'pack_uploads', { id: uploadId, paths: pathsOf(actor, 'catalogue_officer') });
    const status = endOf(actor, row);
    await settleProposal(trx, 'pack_uploads', actor, uploadId, status);
    const act = status === 'refused' ? 'pack.refuse' : 'pack.withdraw';
    await auditOutside(trx, actor.userId, { act, subject: `pack-${row.pack_id}`, detail: { upload: uploadId } });
    return { status };
  });
}

type PackHead = {
  regionZh: string;
  regionEn: string;
  region: string;
  name: { zh: string; en: string };
  digest: string;
  fileName: string | null;
  proposedBy: string | null;
  proposedAt: Date | null;
  decidedBy: string | null;
  decidedAt: Date | null;
};
export type PackLine = PackHead & { id: string; validFrom: string; validTo: string | null; state: 'future' | 'inForce' | 'over' };
export type UploadLine = PackHead & { id: string; packId: string; status: Proposal['status']; proposedById: string; today: string };

const head = `r.code as region, r.name_zh as "regionZh", r.name_en as "regionEn", u.file_name as "fileName", a.name as "proposedBy",
  u.proposed_at as "proposedAt", d.name as "decidedBy", u.decided_at as "decidedAt"`;
const people = 'left join users a on a.id = u.proposed_by left join users d on d.id = u.decided_by';
/** A pack ends where its text says so, or where the next one of its region begins. */
const followed =
  'left join lateral (select min(q.valid_from) as begins from policy_packs q where q.region = p.region and q.valid_from > p.valid_from) n on true';
const packSelect = `select p.id, p.content -> 'name' as name, p.valid_from as "validFrom", least(p.valid_to, n.begins) as "validTo", p.digest, ${head},
    case when p.valid_from > business_today() then 'future' when least(p.valid_to, n.begins) <= business_today() then 'over' else 'inForce' end as state
  from policy_packs p join regions r on r.code = p.region left join pack_uploads u on u.id = p.upload_id ${people} ${followed}`;

/** Where a pack stands in the list of them; of one region no two begin on one day. */
export type PackPlace = { over: boolean; region: string; from: string };

/** Every version on record, a page at a time: what is in force or will be, then what is over; of a region the latest first. Only the packs of the page are opened. */
export async function listPacks(
  db: Db,
  { after, size }: { after?: PackPlace | undefined; size: number },
): Promise<{ packs: PackLine[]; next: PackPlace | undefined }> {
  const following = `(o.over, o.region) > (cast(:over as boolean), :region)
    or (o.over, o.region) = (cast(:over as boolean), :region) and o.valid_from < cast(:from as date)`;
  const { rows } = await db.raw<{ rows: PackLine[] }>(
    `with page as materialized (
       select * from (select p.id, p.region, p.valid_from, p.valid_from <= business_today() and coalesce(least(p.valid_to, n.begins) <= business_today(), false) as over
                        from policy_packs p ${followed}) o
        where ${after ? following : 'true'} order by o.over, o.region, o.valid_from desc limit :limit)
     select x.* from page o join (${packSelect}) x on x.id = o.id order by o.over, o.region, o.valid_from desc`,
    { ...after, limit: size + 1 },
  );
  const packs = rows.slice(0, size);
  const last = packs.at(-1);
  return {
    packs,
    next: rows.length > size && last ? { over: last.state === 'over', region: last.region, from: last.validFrom } : undefined,
  };
}

export async function getPackLine(db: Db, id: string): Promise<PackLine & { content: unknown }> {
  const { rows } = await db.raw<{ rows: (PackLine & { content: unknown })[] }>(
    `select x.*, c.content from (${packSelect} where p.id = ?) x join policy_packs c on c.id = x.id`,
    [id],
  );
  if (!rows[0]) throw new NotFoundError('pack.unknown');
  return rows[0];
}

const uploadSelect = `select u.id, u.pack_id as "packId", u.content -> 'name' as name, u.status, u.digest, u.proposed_by as "proposedById",
    business_today() as today, ${head} from pack_uploads u join regions r on r.code = u.region ${people}`;
const within = withinPaths('r.path');

/** Uploads that wait for a second person, within these subtrees, the oldest first. */
export async function listPackUploads(
  db: Db,
  paths: readonly string[],
  { after, size }: TimePage,
): Promise<{ uploads: UploadLine[]; next: TimePlace | undefined }> {
  const { rows } = await db.raw<{ rows: (UploadLine & { place: string })[] }>(
    `select x.*, cast(x."proposedAt" as text) as place
       from (${uploadSelect} where u.status = 'proposed' and ${within} and ${afterPlace({ at: 'u.proposed_at', id: 'u.id' }, after, 'oldest')}
              order by u.proposed_at, u.id limit :limit) x order by x."proposedAt", x.id`,
    { paths: [...paths], ...after, limit: size + 1 },
  );
  const { lines, next } = cutPage(rows, size);
  return { uploads: lines, next };
}

export async function getPackUpload(db: Db, paths: readonly string[], id: string): Promise<UploadLine & { content: unknown }> {
  const { rows } = await db.raw<{ rows: (UploadLine & { content: unknown })[] }>(
    `select x.*, c.content from (${uploadSelect} where u.id = :id and ${within}) x join pack_uploads c on c.id = x.id`,
    { paths: [...paths], id },
  );
  if (!rows[0]) throw new NotFoundError('proposal.unknown');
  return rows[0];
}
