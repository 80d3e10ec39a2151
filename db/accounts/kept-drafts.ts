/** What somebody has typed into a long form and not sent yet: sealed, for that person alone, replaced as it grows. */
import type { Db } from '../client.ts';
import { placeOf, type Vault } from '../vault.ts';

/** Field names of the form with what stands in them, nested as a body is read. */
export type DraftFields = Record<string, unknown>;
export type KeptDraft = { fields: DraftFields; savedAt: Date };

const place = (userId: string, form: string): string => placeOf('kept_drafts', 'sealed', `${userId}/${form}`);

/** Keeps the draft in the place of an earlier one. Returns when, in business time. */
export async function keepDraft(db: Db, vault: Vault, userId: string, form: string, fields: DraftFields): Promise<Date> {
  const sealed = vault.seal(place(userId, form), JSON.stringify(fields));
  const { rows } = await db.raw<{ rows: { saved_at: Date }[] }>(
    `insert into kept_drafts (user_id, form, sealed, saved_at, expires_at) values (:userId, :form, :sealed, business_now(), now() + interval '30 days')
     on conflict (user_id, form) do update set sealed = excluded.sealed, saved_at = excluded.saved_at, expires_at = excluded.expires_at
     returning saved_at`,
    { userId, form, sealed },
  );
  return rows[0]?.saved_at ?? new Date();
}

export async function findDraft(db: Db, vault: Vault, userId: string, form: string): Promise<KeptDraft | undefined> {
  const row = await db('kept_drafts').where({ user_id: userId, form }).where('expires_at', '>', db.fn.now()).first('sealed', 'saved_at');
  return row && { fields: JSON.parse(vault.open(place(userId, form), row.sealed)) as DraftFields, savedAt: row.saved_at };
}

export async function dropDraft(db: Db, userId: string, form: string): Promise<void> {
  await db('kept_drafts').where({ user_id: userId, form }).delete();
}
