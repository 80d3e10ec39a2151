/** What was kept of a form, given back where the form is drawn. */
import type { Knex } from 'knex';
import type { Actor } from '../../db/accounts/users.ts';
import { findDraft } from '../../db/accounts/kept-drafts.ts';
import type { Vault } from '../../db/vault.ts';

/** Under which name the draft of a class form is kept. */
export function formName(number?: string): string {
  return number === undefined ? 'new-class' : `class-${number}`;
}

/** Under which name the answers to a list of corrections are kept: each round has its own. */
export function correctionName(number: string, taskId: string): string {
  return `correction-${number}-${taskId.split('/').at(-1)}`;
}

/** Under which name the decision on a task is kept: each round has its own. */
export function taskFormName(taskId: string): string {
  return `task-${taskId.replaceAll('/', '~')}`;
}

type Reading = { db: Knex; vault: Vault; actor: Actor };

/** The address that keeps a form, and what it kept: `entered` only where it says something else than what is saved. */
export async function draftOf({ db, vault, actor }: Reading, form: string, saved: Record<string, unknown> = {}) {
  const kept = await findDraft(db, vault, actor.userId, form);
  const differs = kept !== undefined && Object.entries(kept.fields).some(([name, value]) => said(name, value) !== said(name, saved[name]));
  return { keep: `/drafts/${form}`, ...(kept && differs ? { restored: { at: kept.savedAt }, entered: kept.fields } : {}) };
}

/** What goes along with a decision and is nobody's words: the page writes it anew. */
const aroundDecision: ReadonlySet<string> = new Set(['list', 'seen', 'version', 'checklist', 'confirmUnmarked', 'outcome']);
/** The forms of these stand beside the decision and go out with it; their fields are called after them. */
const besideDecision = [
  'label',
  'unlabel',
  'release',
  'delegate',
  'suspend',
  'add_signer',
  'urge',
  'prioritise',
  'reassign',
  'escalate',
] as const;
export type BesideDecision = (typeof besideDecision)[number];
const actsBeside: ReadonlySet<string> = new Set(besideDecision);
/** What the page fills in by itself at each point. */
const atPoints: ReadonlySet<string> = new Set(['field', 'item', 'no', 'part']);

/** Of a form of a decision what somebody ticked or wrote; undefined where that is nothing. */
export function wordsOfDecision(fields: Record<string, unknown>): Record<string, unknown> | undefined {
  const words = Object.entries(fields).filter(([name]) => !aroundDecision.has(name) && !actsBeside.has(name));
  return words.some(([name, value]) => saysSomething(name, value)) ? Object.fromEntries(words) : undefined;
}

function saysSomething(name: string, value: unknown): boolean {
  if (value !== null && typeof value === 'object') return Object.entries(value).some(([key, one]) => saysSomething(key, one));
  return !atPoints.has(name) && value !== undefined && value !== null && value !== '';
}

/** As `draftOf`, of the decision on a task. */
export async function taskDraftOf({ db, vault, actor }: Reading, taskId: string) {
  const form = taskFormName(taskId);
  const kept = await findDraft(db, vault, actor.userId, form);
  const entered = kept && wordsOfDecision(kept.fields);
  return { keep: `/drafts/${form}`, ...(entered ? { restored: { at: kept.savedAt }, entered } : {}) };
}

/** Fields of the machinery say nothing; an empty one says the same as an absent one. */
function said(name: string, value: unknown): string {
  if (['version', 'taskVersion'].includes(name) || value === undefined || value === null || value === '') return '';
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : JSON.stringify(value);
}
