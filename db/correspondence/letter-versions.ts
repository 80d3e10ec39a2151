/** The versions of a letter: the newest is in force, an earlier one comes back as a new one. What is shipped is version 0. */
import type { Knex } from 'knex';
import { ConflictError, InputError, type Issue, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { checkSource } from './letter-check.ts';
import {
  type Channel,
  type InForce,
  type Letter,
  type LetterLocale,
  letterLocales,
  type Letters,
  lettersOf,
  placeholdersOf,
  shippedLetters,
} from './letters.ts';

export type LetterVersion = { version: number; reason: string; author: string; at: Date; restores: number | null };
export type LetterKey = { channel: Channel; name: string };

/** The letters that an administrator wrote, each in its newest version. */
export async function findInForce(db: Db, channel: Channel): Promise<InForce> {
  const { rows } = await db.raw<{ rows: { name: string; version: number; content: Letters }[] }>(
    'select distinct on (name) name, version, content from letter_versions where channel = ? order by name, version desc',
    [channel],
  );
  return new Map(rows.map(({ name, version, content }) => [name, { version, letters: content }]));
}

/** A letter as it was in a version, or as it is in force, and who wrote which version. Throws NotFoundError. */
export async function getLetter(
  db: Db,
  { channel, name }: LetterKey,
  version?: number,
): Promise<{ version: number; current: number; letters: Letters; history: LetterVersion[] }> {
  requireKnown({ channel, name });
  const history = await db('letter_versions as v')
    .join('users as u', 'u.id', 'v.author')
    .where({ 'v.channel': channel, 'v.name': name })
    .orderBy('v.version', 'desc')
    .select<(LetterVersion & { content: Letters })[]>('v.version', 'v.reason', 'v.restores', 'v.content', {
      author: 'u.name',
      at: 'v.saved_at',
    });
  const current = history[0]?.version ?? 0;
  const wanted = version ?? current;
  const found = history.find((one) => one.version === wanted);
  if (!found && wanted !== 0) throw new NotFoundError('letter.unknownVersion');
  return {
    version: wanted,
    current,
    letters: found?.content ?? shippedLetters(channel, name),
    history: history.map(({ content: _content, ...line }) => line),
  };
}

function requireKnown({ channel, name }: LetterKey): void {
  if (!lettersOf(channel).includes(name)) throw new NotFoundError('letter.notKnown');
}

const parts: Readonly<Record<Channel, readonly (keyof Letter)[]>> = { mail: ['subject', 'html', 'text'], sms: ['text'] };
const fieldPrefix: Readonly<Record<LetterLocale, string>> = { 'zh-CN': 'zh', en: 'en' };

/** The name of a part's field in the form: `zhSubject`. */
export function letterField(locale: LetterLocale, part: keyof Letter): string {
  return `${fieldPrefix[locale]}${part.charAt(0).toUpperCase()}${part.slice(1)}`;
}

export function letterParts(channel: Channel): readonly (keyof Letter)[] {
  return parts[channel];
}

/** Throws InputError at each part that says what a letter may not say. */
export function requireSound({ channel, name }: LetterKey, letters: Letters): void {
  requireKnown({ channel, name });
  const issues: Issue[] = [];
  for (const locale of letterLocales)
    for (const part of parts[channel]) {
      const source = letters[locale][part];
      const field = letterField(locale, part);
      const wrong = source.trim() === '' ? { code: 'required', params: {} } : checkSource(source, part, placeholdersOf(channel, name));
      if (wrong) issues.push({ field, ...wrong });
    }
  if (issues.length > 0) throw new InputError(issues);
}

export type Saving = LetterKey & { reason: string; version?: number | undefined; request?: IdempotentRequest | undefined };

/** Writes the next version. Throws InputError at its parts, ConflictError `form.stale` where another was written meanwhile. */
export async function saveLetter(db: Knex, actor: Actor, given: Saving & { letters: Letters }): Promise<{ version: number }> {
  requireSound(given, given.letters);
  return write(db, actor, given, async () => ({ letters: given.letters, restores: null }));
}

/** Brings the words of an earlier version back (0: the shipped ones), as a new version. They are judged by the rules of today. */
export async function restoreLetter(db: Knex, actor: Actor, given: Saving & { restores: number }): Promise<{ version: number }> {
  return write(db, actor, given, async (trx) => {
    const { letters } = await getLetter(trx, given, given.restores);
    requireSound(given, letters);
    return { letters, restores: given.restores };
  });
}

async function write(
  db: Knex,
  actor: Actor,
  { channel, name, reason, version, request }: Saving,
  make: (trx: Db) => Promise<{ letters: Letters; restores: number | null }>,
): Promise<{ version: number }> {
  if (!hasRole(actor, 'system_admin')) throw new NotAllowedError('role');
  return onceOnly(db, request, async (trx) => {
    const words = requireReason(reason);
    await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`letter/${channel}/${name}`]);
    const { current } = await getLetter(trx, { channel, name });
    if (version !== undefined && version !== current) throw new ConflictError('form.stale');
    const { letters, restores } = await make(trx);
    const next = current + 1;
    await trx('letter_versions').insert({
      channel,
      name,
      version: next,
      content: JSON.stringify(letters),
      reason: words,
      author: actor.userId,
      saved_at: trx.raw('business_now()'),
      restores,
    });
    await auditOutside(trx, actor.userId, {
      act: 'letter.save',
      subject: `letter-${channel}-${name}`,
      detail: { version: next, reason: words, ...(restores === null ? {} : { restores }) },
    });
    return { version: next };
  });
}
