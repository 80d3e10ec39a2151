/** What was paid before the system began (历史享受记录补录, N3): people sealed and found by blind index, read by the eligibility check. */
import { withinPaths } from '../regions.ts';
import type { Knex } from 'knex';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import type { PriorRow } from '../../workflows/domain/money/prior-benefits.ts';
import { pathsOf } from '../accounts/accounts.ts';
import { peopleFor } from '../roster/roster.ts';
import type { Db, Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { containing } from '../queries/text-search.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import type { Vault } from '../vault.ts';

/** `rows` were read, `added` of them are new; the others were on record already. */
export type PriorUpload = { uploadId: string; rows: number; added: number };
type PriorFile = { region: string; fileName: string; digest: string; benefits: readonly PriorRow[] };

export function priorPaths(actor: Actor): string[] {
  return pathsOf(actor, 'first_reviewer', 'catalogue_officer');
}

/**
 * Takes a file of earlier benefits. The same file again, and a row that is on record, change nothing. Throws InputError on `region` and, with
 * field `trainees.<n>.name`, where the ID number is on record under another name.
 */
export async function savePriorBenefits(
  db: Knex,
  vault: Vault,
  actor: Actor,
  { region, fileName, digest, benefits }: PriorFile,
  request?: IdempotentRequest,
): Promise<PriorUpload> {
  return onceOnly(db, request, async (trx) => {
    const place = await trx('regions').where({ code: region }).first('path');
    if (!place || !priorPaths(actor).some((path) => isWithin(place.path, path))) throw inputError('region', 'region.outside');
    const { rows: made } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into prior_benefit_uploads (region, file_name, digest, row_count, added_count, uploaded_by, uploaded_at)
       values (:region, :fileName, :digest, :count, 0, :by, business_now())
       on conflict (region, digest) where withdrawn_at is null do nothing returning id`,
      { region, fileName, digest, count: benefits.length, by: actor.userId },
    );
    const uploadId = made[0]?.id;
    if (!uploadId) {
      const earlier = await trx('prior_benefit_uploads').where({ region, digest }).whereNull('withdrawn_at').first('id');
      return { uploadId: earlier?.id ?? '', rows: benefits.length, added: 0 };
    }
    const people = await peopleFor(trx, vault, benefits);
    const added = await insertBenefits(trx, uploadId, { region, source: fileName, benefits, people });
    await trx('prior_benefit_uploads').where({ id: uploadId }).update({ added_count: added });
    await auditOutside(trx, actor.userId, {
      act: 'prior.upload',
      subject: `prior-${uploadId}`,
      detail: { region, rows: benefits.length, added, digest },
    });
    return { uploadId, rows: benefits.length, added };
  });
}

const AT_ONCE = 500;

async function insertBenefits(
  trx: Trx,
  uploadId: string,
  { region, source, benefits, people }: { region: string; source: string; benefits: readonly PriorRow[]; people: Map<string, string> },
): Promise<number> {
  let added = 0;
  for (let at = 0; at < benefits.length; at += AT_ONCE) {
    const inserted = await trx('prior_benefits')
      .insert(
        benefits.slice(at, at + AT_ONCE).map((benefit) => ({
          person_id: people.get(benefit.idNumber) ?? '',
          year: benefit.year,
          occupation: benefit.occupation,
          level: benefit.level ?? null,
          amount_fen: benefit.amountFen,
          institution: benefit.institution,
          paid_on: benefit.date ?? null,
          region,
          source,
          upload_id: uploadId,
        })),
      )
      .onConflict()
      .ignore()
      .returning('id');
    added += inserted.length;
  }
  return added;
}

/** Takes a file back that should not have come in: its rows no longer count. Throws NotFoundError, ConflictError `prior.withdrawn`. */
export async function withdrawPriorBenefits(
  db: Knex,
  actor: Actor,
  { uploadId, reason }: { uploadId: string; reason: string },
  request?: IdempotentRequest,
): Promise<{ removed: number }> {
  return onceOnly(db, request, async (trx) => {
    const { rows } = await trx.raw<{ rows: { path: string; withdrawn_at: Date | null }[] }>(
      'select r.path, u.withdrawn_at from prior_benefit_uploads u join regions r on r.code = u.region where u.id = ? for update of u',
      [uploadId],
    );
    const row = rows[0];
    if (!row || !priorPaths(actor).some((path) => isWithin(row.path, path))) throw new NotFoundError('prior.unknown');
    if (row.withdrawn_at) throw new ConflictError('prior.withdrawn', { at: row.withdrawn_at.toISOString() });
    await trx('prior_benefit_uploads')
      .where({ id: uploadId })
      .update({ withdrawn_by: actor.userId, withdrawn_at: trx.raw('business_now()'), withdraw_reason: reason });
    const removed = await trx('prior_benefits').where({ upload_id: uploadId }).delete();
    await auditOutside(trx, actor.userId, { act: 'prior.withdraw', subject: `prior-${uploadId}`, detail: { removed, reason } });
    return { removed };
  });
}

export type PriorUploadLine = {
  id: string;
  region: string;
  regionZh: string;
  regionEn: string;
  fileName: string;
  digest: string;
  rows: number;
  added: number;
  uploadedBy: string;
  uploadedAt: Date;
  withdrawnBy: string | null;
  withdrawReason: string | null;
};
const within = withinPaths('r.path');

/** Files that came in, the latest first. */
export async function listPriorUploads(
  db: Db,
  paths: readonly string[],
  { after, size }: TimePage,
): Promise<{ lines: PriorUploadLine[]; next: TimePlace | undefined }> {
  const { rows } = await db.raw<{ rows: (PriorUploadLine & { place: string })[] }>(
    `select u.id, u.region, r.name_zh as "regionZh", r.name_en as "regionEn", u.file_name as "fileName", u.digest, u.row_count as rows, u.added_count as added,
            a.name as "uploadedBy", u.uploaded_at as "uploadedAt", w.name as "withdrawnBy", u.withdraw_reason as "withdrawReason", cast(u.uploaded_at as text) as place
       from prior_benefit_uploads u join regions r on r.code = u.region join users a on a.id = u.uploaded_by left join users w on w.id = u.withdrawn_by
      where ${within} and ${afterPlace({ at: 'u.uploaded_at', id: 'u.id' }, after)} order by u.uploaded_at desc, u.id desc limit :limit`,
    { paths: [...paths], ...after, limit: size + 1 },
  );
  return cutPage(rows, size);
}

export type PriorBenefitLine = {
  id: string;
  name: string;
  idMasked: string;
  occupation: string;
  level: number | null;
  year: number;
  amountFen: number;
  institution: string;
  paidOn: string | null;
  region: string;
};

/** `text`: a part of an occupation or of an institution's name; nobody is looked for, the address would say whom. `region`: it and those below it. */
export type PriorBenefitFilter = TimePage & { year?: number | undefined; region?: string | undefined; text?: string | undefined };

/**
 * With full names and masked numbers, as officers see people everywhere; the latest days first, what has none at the beginning of its year. `total` counts
 * every page. Each region gives the first of its own, by its index: of a whole province no more is read and sorted than a page from each.
 */
export async function listPriorBenefits(
  db: Db,
  paths: readonly string[],
  { year, region, text, after, size }: PriorBenefitFilter,
): Promise<{ benefits: PriorBenefitLine[]; next: TimePlace | undefined; total: number }> {
  const narrowed = `exists (select from regions w where w.code = :region and (r.path = w.path or r.path like w.path || '/%'))`;
  const places = `places as materialized (select r.code from regions r where ${within} and ${region ? narrowed : 'true'})`;
  const parts = ['b.region = o.code'];
  if (year) parts.push('b.year = :year');
  const named = containing(['b.occupation', 'b.institution'], text ?? '');
  if (text) parts.push(named.sql);
  const bindings = { paths: [...paths], year: year ?? null, region: region ?? null, ...named.bindings };
  const order = 'order by b.day desc, b.id desc limit :limit';
  const [{ rows }, { rows: counted }] = await Promise.all([
    db.raw<{ rows: (PriorBenefitLine & { place: string })[] }>(
      `with ${places}, page as materialized (
         select b.id, b.day from places o cross join lateral (
           select b.id, b.day from prior_benefits b where ${[...parts, afterPlace({ at: 'b.day', id: 'b.id' }, after)].join(' and ')} ${order}) b ${order})
       select b.id, p.name, p.id_masked as "idMasked", b.occupation, b.level, b.year, b.amount_fen as "amountFen", b.institution, b.paid_on as "paidOn", b.region,
              cast(cast(o.day as timestamptz) as text) as place
         from page o join prior_benefits b on b.id = o.id join people p on p.id = b.person_id order by o.day desc, o.id desc`,
      { ...bindings, ...after, limit: size + 1 },
    ),
    db.raw<{ rows: { total: number }[] }>(
      `with ${places} select count(*) as total from places o join prior_benefits b on ${parts.join(' and ')}`,
      bindings,
    ),
  ]);
  const { lines, next } = cutPage(rows, size);
  return { benefits: lines, next, total: counted[0]?.total ?? 0 };
}
