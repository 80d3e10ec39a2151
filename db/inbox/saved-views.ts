/** Filters of the inbox under a name: each person's own. */
import type { Knex } from 'knex';
import { inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { type Db, inTransaction, sqlState } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import type { Actor } from '../accounts/users.ts';

export type SavedView = { id: string; name: string; list: string };

export const savedViewsAtMost = 20;

/** The own ones, by name. */
export async function listSavedViews(db: Db, actor: Actor): Promise<SavedView[]> {
  return db('saved_views').where({ user_id: actor.userId }).orderBy('name').select('id', 'name', 'list');
}

/** Gives a filter a name; under a name that is taken it replaces the earlier filter. Throws InputError when there are too many. */
export async function saveView(
  db: Knex,
  actor: Actor,
  view: { name: string; list: string },
  request?: IdempotentRequest,
): Promise<SavedView> {
  return onceOnly(db, request, async (trx) => {
    // Two at once count one after the other.
    await trx('users').where({ id: actor.userId }).forNoKeyUpdate().first('id');
    const [kept] = await trx('saved_views')
      .where({ user_id: actor.userId, name: view.name })
      .update({ list: view.list })
      .returning<SavedView[]>(['id', 'name', 'list']);
    if (kept) return kept;
    const [counted] = await trx('saved_views').where({ user_id: actor.userId }).count<{ count: number }[]>('* as count');
    if ((counted?.count ?? 0) >= savedViewsAtMost) throw inputError('name', 'savedView.tooMany', { maximum: savedViewsAtMost });
    const [made] = await trx('saved_views')
      .insert({ user_id: actor.userId, ...view })
      .returning<SavedView[]>(['id', 'name', 'list']);
    if (!made) throw new NotFoundError('savedView.unknown');
    return made;
  });
}

/** Throws NotFoundError, InputError when another one has the name. */
export async function renameView(db: Knex, actor: Actor, id: string, name: string): Promise<SavedView> {
  try {
    const [row] = await inTransaction(db, (trx) =>
      trx('saved_views').where({ id, user_id: actor.userId }).update({ name }).returning<SavedView[]>(['id', 'name', 'list']),
    );
    if (!row) throw new NotFoundError('savedView.unknown');
    return row;
  } catch (error) {
    if (sqlState(error) === '23505') throw inputError('name', 'savedView.taken');
    throw error;
  }
}

/** Deleting what is gone changes nothing. */
export async function deleteView(db: Db, actor: Actor, id: string): Promise<void> {
  await db('saved_views').where({ id, user_id: actor.userId }).delete();
}
