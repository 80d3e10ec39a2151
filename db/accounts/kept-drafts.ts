/** What somebody has typed into a long form and not sent yet: sealed, for that person alone, replaced as it grows. */
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import { type Db, inTransaction } from '../client.ts';
import { placeOf, type Vault } from '../vault.ts';

/** Field names of the form with what stands in them, nested as a body is read. */
export type DraftFields = Record<string, unknown>;
export type KeptDraft = { fields: DraftFields; savedAt: Date };

const place = (userId: string, form: string): string => placeOf('kept_drafts', 'sealed', `${userId}/${form}`);

/** How many forms of one person are kept at once, and how much of each. */
const KEPT_FORMS = 40;
const DRAFT_CHARACTERS = 60_000;

/**
 * Keeps the draft in the place of an earlier one. Returns when, in business time. Throws ConflictError `draft.tooMany`, InputError at `form`
 * `draft.tooLong`.
 */
export async function keepDraft(db: Db, vault: Vault, userId: string, form: string, fields: DraftFields): Promise<Date> {
  const text = JSON.stringify(fields);
  if (text.length > DRAFT_CHARACTERS) throw inputError('form', 'draft.tooLong', { maximum: DRAFT_CHARACTERS });
  const sealed = vault.seal(place(userId, form), text);
  return inTransaction(db, async (trx) => {
    // The drafts of one person come one after the other, so that none slips past the count.
    await trx.raw(`select pg_advisory_xact_lock(hashtextextended('kept_drafts/' || cast(? as text), 0))`, [userId]);
    await trx('kept_drafts').where({ user_id: userId }).where('expires_at', '<=', trx.fn.now()).delete();
    // A decision that was taken, or that is somebody else's by now, is typed no further.
    await trx.raw(
      `delete from kept_drafts d where d.user_id = ? and d.form like 'task-%'
          and not exists (select from tasks t where t.id = replace(substr(d.form, 6), '~', '/') and t.status = 'open')`,
      [userId],
    );
    const others = await trx('kept_drafts').where({ user_id: userId }).whereNot({ form }).count<{ count: string }[]>('form');
    if (Number(others[0]?.count ?? 0) >= KEPT_FORMS) throw new ConflictError('draft.tooMany', { maximum: KEPT_FORMS });
    const { rows } = await trx.raw<{ rows: { saved_at: Date }[] }>(
      `insert into kept_drafts (user_id, form, sealed, saved_at, expires_at) values (:userId, :form, :sealed, business_now(), now() + interval '30 days')
       on conflict (user_id, form) do update set sealed = excluded.sealed, saved_at = excluded.saved_at, expires_at = excluded.expires_at
       returning saved_at`,
      { userId, form, sealed },
    );
    return rows[0]?.saved_at ?? new Date();
  });
}

export async function findDraft(db: Db, vault: Vault, userId: string, form: string): Promise<KeptDraft | undefined> {
  const row = await db('kept_drafts').where({ user_id: userId, form }).where('expires_at', '>', db.fn.now()).first('sealed', 'saved_at');
  return row && { fields: JSON.parse(vault.open(place(userId, form), row.sealed)) as DraftFields, savedAt: row.saved_at };
}

export async function dropDraft(db: Db, userId: string, form: string): Promise<void> {
  await db('kept_drafts').where({ user_id: userId, form }).delete();
}
