/** Materials of a class (材料): attached by its institution while it may edit, sealed at rest, each opening by others on record (N2, N14). */
import { createHash, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { ConflictError, inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import {
  cleanName,
  endingFits,
  MATERIAL_MAX_BYTES,
  type MaterialKind,
  type MaterialType,
  MATERIALS_PER_CLASS,
  typeOfContent,
} from '../../workflows/domain/classes/material.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { placeOf, type Vault } from '../vault.ts';
import { maySeeClass } from '../views/classes/classes.ts';
import { type ClassRow, classProcedureId, findOpenedOf, getOwnClass } from './classes.ts';
import { type Opened, requireOpenParts } from './corrections.ts';

type SealedMaterial = Pick<ClassRow, 'number' | 'status' | 'institution_id' | 'assessor_id'> & {
  name: string;
  type: MaterialType;
  kind: MaterialKind;
  content_sealed: Buffer;
  region_path: string;
};

export type NewMaterial = {
  kind: MaterialKind;
  file: { name: string; content: Buffer } | undefined;
  /** The material whose place it takes. */
  replaces?: string | undefined;
};

/**
 * Attaches a file to a draft or to a class returned for correction. The same file under the same kind is kept once, so that a form sent twice
 * changes nothing. Throws InputError at `file` (material.fileMissing, file.empty, file.tooLarge, material.type, material.ending,
 * material.tooMany), at `kind` or `replaces` (correction.locked), ConflictError class.notNow, NotFoundError class.unknown, material.unknown.
 */
export async function addMaterial(
  db: Knex,
  vault: Vault,
  actor: Actor,
  number: string,
  { kind, file, replaces }: NewMaterial,
  request?: IdempotentRequest,
): Promise<{ id: string; alreadyThere: boolean }> {
  const content = file?.content ?? Buffer.alloc(0);
  const sha256 = createHash('sha256').update(content).digest();
  // The key of the form, for this very file.
  const once = request && { ...request, key: `${sha256.toString('base64url')}/${request.key}`.slice(0, 200) };
  return onceOnly(db, once, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const opened = await findOpenedOf(trx, row);
    requireOpenParts(opened, [{ field: 'kind', touch: { kind: 'material_added', materialKind: kind } }]);
    const { name, type } = readFile(file);
    const same = await trx('class_materials').where({ class_id: row.id, kind, sha256 }).whereNull('removed_at').first('id');
    if (same) return { id: same.id, alreadyThere: true };
    const id = randomUUID();
    if (replaces === undefined) await requireRoom(trx, row.id);
    await trx('class_materials').insert({
      id,
      class_id: row.id,
      kind,
      name,
      type,
      size: content.length,
      sha256,
      content_sealed: vault.sealBytes(placeOf('class_materials', 'content_sealed', id), content),
      uploaded_by: actor.userId,
      uploaded_at: trx.raw('business_now()'),
    });
    if (replaces !== undefined) await takeAway(trx, actor, row, { id: replaces, replacedBy: id, opened });
    await moveVersion(trx, row);
    // No name: it often holds that of a person.
    await auditOutside(trx, actor.userId, {
      act: 'material.add',
      subject: classProcedureId(number),
      detail: { material: id, kind, size: content.length, sha256: sha256.toString('hex'), ...(replaces ? { replaces } : {}) },
    });
    return { id, alreadyThere: false };
  });
}

/** What the file is. Name and declared type decide nothing, but a name that says something else than the content is refused. */
function readFile(file: NewMaterial['file']): { name: string; type: MaterialType } {
  if (!file) throw inputError('file', 'material.fileMissing');
  if (file.content.length === 0) throw inputError('file', 'file.empty');
  if (file.content.length > MATERIAL_MAX_BYTES) throw inputError('file', 'file.tooLarge', { maxMegabytes: MATERIAL_MAX_BYTES / 1_000_000 });
  const name = cleanName(file.name);
  const type = typeOfContent(file.content);
  if (!type) throw inputError('file', 'material.type');
  if (!endingFits(name, type)) throw inputError('file', 'material.ending', { type: type.split('/')[1]?.toUpperCase() ?? '' });
  return { name, type };
}

async function requireRoom(trx: Trx, classId: string): Promise<void> {
  const counted = await trx('class_materials')
    .where({ class_id: classId })
    .whereNull('removed_at')
    .count<{ count: number }[]>('id as count');
  if (Number(counted[0]?.count ?? 0) >= MATERIALS_PER_CLASS) throw inputError('file', 'material.tooMany', { max: MATERIALS_PER_CLASS });
}

/** Takes a material away again. Says whether it stays on record because an officer has opened it. Throws ConflictError, NotFoundError. */
export async function removeMaterial(db: Knex, actor: Actor, number: string, id: string): Promise<{ kept: boolean }> {
  return inTransaction(db, async (trx) => {
    const row = await getOwnClass(trx, actor, number, 'edit');
    const kept = await takeAway(trx, actor, row, { id, opened: await findOpenedOf(trx, row) });
    await moveVersion(trx, row);
    return { kept };
  });
}

type Taken = { id: string; replacedBy?: string; opened: Opened | undefined };

async function takeAway(trx: Trx, actor: Actor, row: ClassRow, { id, replacedBy, opened }: Taken): Promise<boolean> {
  // Who is opening it at this moment comes first, and then counts as a reader.
  const material = await trx('class_materials').where({ id, class_id: row.id }).forUpdate().first('kind', 'removed_at');
  if (!material) throw new NotFoundError('material.unknown');
  if (material.removed_at) throw new ConflictError('material.removed');
  requireOpenParts(opened, [{ field: 'replaces', touch: { kind: 'material_taken', materialKind: material.kind, reference: id } }]);
  const kept = (await trx('material_views').where({ material_id: id }).first('user_id')) !== undefined;
  if (kept) {
    await trx('class_materials')
      .where({ id })
      .update({ removed_by: actor.userId, removed_at: trx.raw('business_now()'), replaced_by: replacedBy ?? null });
  } else {
    await trx('class_materials').where({ replaced_by: id }).update({ replaced_by: null });
    await trx('class_materials').where({ id }).delete();
  }
  await auditOutside(trx, actor.userId, {
    act: 'material.remove',
    subject: classProcedureId(row.number),
    detail: { material: id, kind: material.kind, kept: kept ? 'yes' : 'no' },
  });
  return kept;
}

/** Whoever looked at the class before looks again before submitting it. */
async function moveVersion(trx: Trx, row: ClassRow): Promise<void> {
  await trx('classes')
    .where({ id: row.id })
    .update({ version: row.version + 1 });
}

/** What it is, for whoever reads the record of the class; its content is not read, and nothing is written down. Throws NotFoundError. */
export async function getMaterial(db: Db, actor: Actor, id: string): Promise<{ name: string; type: MaterialType }> {
  const material = await db('class_materials as m')
    .join('classes as c', 'c.id', 'm.class_id')
    .join('regions as r', 'r.code', 'c.region')
    .where('m.id', id)
    .first('m.name', 'm.type', 'c.status', 'c.institution_id', 'c.assessor_id', 'r.path as region_path');
  if (!material || !maySeeClass(actor, material) || !readsRecord(actor, material)) throw new NotFoundError('material.unknown');
  return { name: material.name, type: material.type };
}

export type OpenedMaterial = { name: string; type: MaterialType; content: Buffer };

/**
 * The content, for whoever reads the record of the class. For everybody but its own institution the opening is written down in the same transaction: as a
 * line of the audit log and as the mark «read». Throws NotFoundError.
 */
export async function openMaterial(db: Knex, vault: Vault, actor: Actor, id: string): Promise<OpenedMaterial> {
  return inTransaction(db, async (trx) => {
    const { rows } = await trx.raw<{ rows: SealedMaterial[] }>(
      `select m.name, m.type, m.kind, m.content_sealed, c.number, c.status, c.institution_id, c.assessor_id, r.path as region_path
         from class_materials m join classes c on c.id = m.class_id join regions r on r.code = c.region
        where m.id = ? for key share of m`,
      [id],
    );
    const material = rows[0];
    if (!material || !maySeeClass(actor, material) || !readsRecord(actor, material)) throw new NotFoundError('material.unknown');
    if (actor.institutionId !== material.institution_id) {
      await trx.raw(
        'insert into material_views (material_id, user_id, first_at) values (?, ?, business_now()) on conflict (material_id, user_id) do nothing',
        [id, actor.userId],
      );
      await auditOutside(trx, actor.userId, {
        act: 'material.view',
        subject: classProcedureId(material.number),
        detail: { material: id, kind: material.kind },
      });
    }
    const content = vault.openBytes(placeOf('class_materials', 'content_sealed', id), material.content_sealed);
    return { name: material.name, type: material.type, content };
  });
}
