/** Rosters on their way: refused ones with their errors marked, and those that wait, compared with the roster they would replace, to be confirmed. */
import type { Knex } from 'knex';
import { ConflictError, type ErrorParams, NotFoundError } from '../../workflows/domain/errors.ts';
import { maskName } from '../../workflows/domain/people/identity.ts';
import type { Verdict } from '../../workflows/domain/policy/eligibility.ts';
import { type PersonField, personChanges, type PersonThen } from '../../workflows/domain/classes/correction.ts';
import type { RosterRow } from '../../workflows/domain/roster/roster.ts';
import type { Actor } from '../accounts/users.ts';
import { getOwnClass } from '../classes/classes.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { placeOf, type Vault } from '../vault.ts';
import { freshIds, listPresent, replaceRoster } from './roster.ts';

const KEPT_FOR = `interval '1 hour'`;

/** Removes what nobody fetched or confirmed within the hour, some at a time: it holds the personal data of a whole roster. Returns how much. */
export async function forgetOldUploads(db: Db): Promise<number> {
  let gone = 0;
  for (const table of ['roster_rejections', 'roster_uploads']) {
    const result = await db.raw(
      `delete from ${table} where id in (select id from ${table} where created_at < now() - ${KEPT_FOR} order by created_at limit 200)`,
    );
    gone += result.rowCount ?? 0;
  }
  return gone;
}

/** Keeps the annotated file of a refused roster for an hour, sealed: it holds what was uploaded. Returns its id. */
export async function keepRejection(db: Knex, vault: Vault, actor: Actor, classId: string, annotated: Buffer): Promise<string> {
  return inTransaction(db, async (trx) => {
    const [id = ''] = await freshIds(trx, 1);
    await trx('roster_rejections').insert({
      id,
      class_id: classId,
      created_by: actor.userId,
      annotated_sealed: vault.seal(placeOf('roster_rejections', 'annotated_sealed', id), annotated.toString('base64')),
    });
    return id;
  });
}

/** The annotated file, for the institution that uploaded it. Throws NotFoundError, also after the hour. */
export async function getRejection(db: Db, vault: Vault, actor: Actor, number: string, id: string): Promise<Buffer> {
  const row = await db('roster_rejections as j')
    .join('classes as c', 'c.id', 'j.class_id')
    .where({ 'j.id': id, 'c.number': number, 'c.institution_id': actor.institutionId ?? null })
    .whereRaw(`j.created_at >= now() - ${KEPT_FOR}`)
    .first('j.annotated_sealed');
  if (!row) throw new NotFoundError('roster.rejectionGone');
  return Buffer.from(vault.open(placeOf('roster_rejections', 'annotated_sealed', id), row.annotated_sealed), 'base64');
}

/** Names and numbers masked: the page is looked at over shoulders, and what is compared is known to whoever uploaded it. */
type ComparedPerson = { seat: number; name: string; idMasked: string };
/** What a rule found against a person. */
type Finding = { code: string; params: ErrorParams; source: string };
export type RosterComparison = {
  added: (ComparedPerson & { findings: Finding[] })[];
  changed: (ComparedPerson & { fields: PersonField[]; findings: Finding[] })[];
  removed: ComparedPerson[];
  same: number;
};
type UploadContent = { fileName: string; trainees: RosterRow[]; comparison: RosterComparison };
export type RosterUploadRow = Omit<UploadContent, 'trainees'> & { count: number; stale: boolean; createdAt: Date };

/**
 * Keeps a roster beside the one that it would replace: everything is done as if, compared, and rolled back, so that what the record knows
 * better is told at once. Throws like `saveRoster`. Returns the id under which it can be confirmed for an hour.
 */
export async function keepUpload(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { trainees, fileName, request }: { trainees: readonly RosterRow[]; fileName: string; request?: IdempotentRequest | undefined },
): Promise<{ id: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const then = await listPresent(trx, row.id);
    await trx.raw('savepoint compared');
    await replaceRoster(trx, vault, row, trainees, { actor, act: 'class.roster', detail: {} });
    const now = await listPresent(trx, row.id);
    const verdicts = await listVerdicts(trx, row.id);
    await trx.raw('rollback to savepoint compared');
    const content: UploadContent = { fileName, trainees: [...trainees], comparison: compare(then, now, verdicts) };
    const [id = ''] = await freshIds(trx, 1);
    await trx('roster_uploads').insert({
      id,
      class_id: row.id,
      class_version: row.version,
      created_by: actor.userId,
      content_sealed: vault.seal(placeOf('roster_uploads', 'content_sealed', id), JSON.stringify(content)),
    });
    return { id };
  });
}

function compare(then: PersonThen[], now: PersonThen[], verdicts: ReadonlyMap<string, Finding[]>): RosterComparison {
  const changes = personChanges({ people: then }, { people: now });
  const masked = ({ seat, name, idMasked }: PersonThen): ComparedPerson => ({ seat, name: maskName(name), idMasked });
  const found = (person: PersonThen) => ({ findings: verdicts.get(person.id) ?? [] });
  return {
    added: changes.flatMap(({ before, after }) => (after && !before ? [{ ...masked(after), ...found(after) }] : [])),
    changed: changes.flatMap(({ before, after, fields }) => (after && before ? [{ ...masked(after), fields, ...found(after) }] : [])),
    removed: changes.flatMap(({ before, after }) => (before && !after ? [masked(before)] : [])),
    same: now.length - changes.filter(({ after }) => after !== undefined).length,
  };
}

async function listVerdicts(trx: Trx, classId: string): Promise<Map<string, Finding[]>> {
  const rows = await trx('enrolments').where({ class_id: classId, status: 'enrolled' }).select('id', 'eligibility');
  return new Map(rows.map(({ id, eligibility }): [string, Finding[]] => [id, findingsOf(eligibility)]));
}

/** The rules that speak against a person. */
export function findingsOf(verdict: Partial<Verdict> | null): Finding[] {
  return (verdict?.hits ?? [])
    .filter((hit) => !hit.passed)
    .map(({ code, params, source }) => ({ code: code ?? 'invalid', params: params ?? {}, source }));
}

/** What waits to be confirmed. Throws NotFoundError, also after the hour. */
export async function getUpload(db: Db, vault: Vault, actor: Actor, number: string, id: string): Promise<RosterUploadRow> {
  const { content, row } = await openUpload(db, vault, actor, number, id);
  const { fileName, comparison, trainees } = content;
  return { fileName, comparison, count: trainees.length, stale: row.version !== row.class_version, createdAt: row.created_at };
}

/** Puts what was compared in the place of the roster. Throws ConflictError `roster.uploadStale` where the class is not what it was compared with. */
export async function confirmUpload(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { id, request }: { id: string; request?: IdempotentRequest | undefined },
): Promise<number> {
  return onceOnly(db, request, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const { content, row: kept } = await openUpload(trx, vault, actor, number, id);
    if (row.version !== kept.class_version) throw new ConflictError('roster.uploadStale');
    const { added, changed, removed } = content.comparison;
    const detail = { trainees: content.trainees.length, added: added.length, changed: changed.length, removed: removed.length };
    const count = await replaceRoster(trx, vault, row, content.trainees, { actor, act: 'class.roster', detail });
    await trx('roster_uploads').where({ id }).delete();
    return count;
  });
}

/** Throws away what was not confirmed. */
export async function dropUpload(db: Knex, vault: Vault, actor: Actor, number: string, id: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await openUpload(trx, vault, actor, number, id);
    await trx('roster_uploads').where({ id }).delete();
  });
}

type KeptUpload = { class_version: number; content_sealed: string; created_at: Date; version: number };

async function openUpload(
  db: Db,
  vault: Vault,
  actor: Actor,
  number: string,
  id: string,
): Promise<{ row: KeptUpload; content: UploadContent }> {
  const row: KeptUpload | undefined = await db('roster_uploads as u')
    .join('classes as c', 'c.id', 'u.class_id')
    .where({ 'u.id': id, 'c.number': number, 'c.institution_id': actor.institutionId ?? null })
    .whereRaw(`u.created_at >= now() - ${KEPT_FOR}`)
    .first('u.class_version', 'u.content_sealed', 'u.created_at', 'c.version');
  if (!row) throw new NotFoundError('roster.uploadGone');
  return { row, content: JSON.parse(vault.open(placeOf('roster_uploads', 'content_sealed', id), row.content_sealed)) as UploadContent };
}
