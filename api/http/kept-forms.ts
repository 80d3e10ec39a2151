/** What was typed into a form whose session had ended is kept for an hour and offered again after signing in. Files and passwords are not kept. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Issue } from '../../workflows/domain/errors.ts';
import { addKeptForm, deleteKeptForm, findKeptForm } from '../../db/accounts/sessions.ts';
import { clearCookie, readCookie, setCookie } from './cookies.ts';
import type { ApiConfig } from '../config.ts';
import type { ApiDeps } from './routing.ts';
import { hashToken } from './security.ts';
import type { Words } from '../pages/i18n.ts';
import { findVisit } from './visit.ts';

export type KeptFields = [name: string, value: string][];

const KEPT_AT_MOST = 500_000;

/** Keeps the form of this request, if it was one, its session has ended and it is known whose that was: nobody else can fill the table. */
export async function keepForm({ db, config }: ApiDeps, req: Request, res: Response): Promise<void> {
  const visit = findVisit(req);
  const body = req.body as Record<string, unknown> | undefined;
  if (req.method !== 'POST' || !visit?.ended?.userId || !body || req.path.startsWith('/sign-in')) return;
  const fields = flatten(body).filter(([name]) => name !== '_csrf' && !/password/i.test(name));
  const text = JSON.stringify(fields);
  if (text.length > KEPT_AT_MOST) return;
  const token = randomBytes(32).toString('base64url');
  await addKeptForm(db, { idHash: hashToken(token), userId: visit.ended.userId, path: req.originalUrl, sealed: seal(config, text) });
  setCookie(res, 'kept', token, config, 3_600);
}

export async function findKept(
  { db, config }: ApiDeps,
  req: Request,
  userId: string,
): Promise<{ path: string; fields: KeptFields } | undefined> {
  const token = readCookie(req, 'kept', config);
  const kept = token ? await findKeptForm(db, hashToken(token), userId) : undefined;
  return kept ? { path: kept.path, fields: JSON.parse(open(config, kept.sealed)) as KeptFields } : undefined;
}

export async function dropKept({ db, config }: ApiDeps, req: Request, res: Response): Promise<void> {
  const token = readCookie(req, 'kept', config);
  if (token) await deleteKeptForm(db, hashToken(token));
  clearCookie(res, 'kept', config);
}

/**
 * A form that is drawn again in another language (`_redraw`): what was wrong with it, as codes, and what was typed, which the change of language sends
 * back to the form's own address. It is drawn and nothing else: whatever the form asks for is not done.
 */
export type Redrawn = { fields: KeptFields; issues: string };

const ISSUES_AT_MOST = 100;
const LONGEST_REDRAWING = 100_000;
const Redrawing = z.array(
  z.object({
    field: z.string().max(200),
    code: z.string().regex(/^[a-z][\w.]{0,99}$/i),
    params: z.record(z.string().max(40), z.union([z.string().max(500), z.number()])).optional(),
  }),
);

export function redrawn(entered: Record<string, unknown>, issues: readonly Issue[]): Redrawn {
  return {
    fields: flatten(entered),
    issues: JSON.stringify(issues.slice(0, ISSUES_AT_MOST).map(({ field, code, params }) => ({ field, code, params }))),
  };
}

/**
 * What was wrong with a form that is only to be drawn again; undefined where it was sent to be done. It comes from outside: only what there are words for
 * is said, and only what these words name is put into them.
 */
export function readRedrawing(text: unknown, words: Words): Issue[] | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.length > LONGEST_REDRAWING) return [];
  try {
    const read = Redrawing.safeParse(JSON.parse(text));
    if (!read.success) return [];
    const known = read.data.slice(0, ISSUES_AT_MOST).filter(({ code }) => words.has(`errors.${code}`));
    return known.map(({ params = {}, ...issue }) => {
      const names = words.namesIn(`errors.${issue.code}`);
      return { ...issue, params: Object.fromEntries(Object.entries(params).filter(([name]) => names.has(name))) };
    });
  } catch {
    return [];
  }
}

function flatten(value: unknown, name = ''): KeptFields {
  if (Array.isArray(value)) return value.flatMap((entry, at) => flatten(entry, `${name}[${at}]`));
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, entry]) => flatten(entry, name ? `${name}[${key}]` : key));
  }
  return [[name, String(value ?? '')]];
}

function keyOf(config: ApiConfig): Buffer {
  return Buffer.from(hkdfSync('sha256', config.secret, '', 'kept forms', 32));
}

function seal(config: ApiConfig, text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(config), iv);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return ['v1', iv.toString('base64url'), cipher.getAuthTag().toString('base64url'), sealed.toString('base64url')].join('.');
}

function open(config: ApiConfig, sealed: string): string {
  const [, iv = '', tag = '', text = ''] = sealed.split('.');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(config), Buffer.from(iv, 'base64url'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(tag, 'base64url'));
  return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8');
}
