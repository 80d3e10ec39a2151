/** The audit log: read, taken along as a file, proved. Nothing here changes a line. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { emptyAsAbsent, searchWords, withoutPersonalNumbers } from '../http/fields.ts';
import { csvText } from '../../db/formats/csv.ts';
import {
  type AuditFilter,
  type AuditRow,
  exportAuditLines,
  listAuditLines,
  readAuditKeeping,
  readingActs,
  readsWholeLog,
} from '../../db/views/audit/log.ts';
import { casesCountedAtMost, type ChainProof, countCases, proveCases, proveNextCases } from '../../db/views/audit/cases.ts';
import { AUDIT_LANES, proveLog } from '../../db/views/audit/lanes.ts';
import type { Actor } from '../../db/accounts/users.ts';
import type { Db } from '../../db/client.ts';
import type { Role } from '../../workflows/domain/roles.ts';
import { file, page, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { actCode } from '../tasks/words.ts';
import { hasRole } from '../../workflows/domain/scope.ts';

const tags = ['administration'];
const readers: readonly Role[] = ['audit_admin', 'auditor'];

const Filter = z.object({
  person: searchWords(100),
  act: z
    .string()
    .trim()
    .regex(/^[A-Za-z._]{0,60}$/)
    .optional()
    .or(emptyAsAbsent),
  subject: searchWords(120),
  from: z.iso.date().optional().or(emptyAsAbsent),
  to: z.iso.date().optional().or(emptyAsAbsent),
  reads: z.literal('1').optional().or(emptyAsAbsent),
});
const Query = Filter.extend({
  after: z.coerce.number().int().positive().optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(200).default(50),
});
const Line = z
  .object({
    id: z.number().int(),
    at: z.string(),
    recordedAt: z.string(),
    person: z.string().nullable(),
    act: z.string(),
    subject: z.string(),
    procedureId: z.string().nullable(),
    /** The chain of a line outside of all cases. */
    lane: z.number().int().nullable(),
    /** Its place in that chain, or in the one of its case. */
    no: z.number().int(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditLine' });
/** `refused`, `locked`: sign-ins of the last 24 hours, for who reads the whole log. Nothing is ever deleted. */
const Keeping = z
  .object({ since: z.string().nullable(), refused: z.number().int().nullable(), locked: z.number().int().nullable() })
  .meta({ id: 'AuditKeeping' });
/** The id of a procedure, or the number of a record or paper, as people write them. */
const CaseText = z
  .string()
  .trim()
  .max(120)
  .regex(/[\p{L}\d].*\d/u, 'audit.procedure')
  .superRefine(withoutPersonalNumbers());
const Proof = z.object({ procedureId: z.string(), lines: z.number().int(), whole: z.boolean(), brokenAt: z.number().int().nullable() });
/** One chain for each procedure that the number is of. */
const CaseProof = z.object({ whole: z.boolean(), lines: z.number().int(), proofs: z.array(Proof) }).meta({ id: 'AuditCaseProof' });
/** `broken`: by lane, the place of its first line that does not fit. */
const LogProof = z
  .object({
    lines: z.number().int(),
    chains: z.number().int(),
    whole: z.boolean(),
    broken: z.array(z.object({ lane: z.number().int(), no: z.number().int() })),
    at: z.string(),
  })
  .meta({ id: 'AuditLogProof' });
/** A step of the proof of all cases; `next`: where the next one goes on, null after the last one. */
const CasesProof = z
  .object({
    chains: z.number().int(),
    lines: z.number().int(),
    whole: z.boolean(),
    broken: z.array(Proof),
    at: z.string(),
    next: z.string().nullable(),
  })
  .meta({ id: 'AuditCasesProof' });
const CasesPlace = z.object({
  after: z.string().max(120).default(''),
  size: z.coerce.number().int().min(1).max(500).default(500),
  /** What the steps before it proved: for the page. */
  chains: z.coerce.number().int().nonnegative().default(0),
  lines: z.coerce.number().int().nonnegative().default(0),
  broken: z.coerce.number().int().nonnegative().default(0),
});

export function auditRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'get',
    path: '/admin/audit',
    summary: 'Lines of the audit log, the newest first: by person, act, subject, day; reads of personal data',
    tags,
    access: readers,
    query: Query,
    response: z.object({ lines: z.array(Line), next: z.number().nullable(), keeping: Keeping }),
    handle: async ({ db, actor, query, t }) => {
      const filter = filterOf(query);
      const [{ lines, next }, keeping] = await Promise.all([
        listAuditLines(db, actor, filter, { after: query.after, size: query.size }),
        readAuditKeeping(db, actor),
      ]);
      const given = Object.entries({ ...filter, reads: filter.reads ? '1' : undefined }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      );
      const address = (path: string, more: Record<string, string> = {}): string =>
        `${path}?${new URLSearchParams([...given, ...Object.entries(more)]).toString()}`;
      const view = {
        lines: lines.map((line) => lineView(line, words, t)),
        keeping: { ...keeping, whole: keeping.refused !== null },
        filter: Object.fromEntries(given),
        filtered: given.length > 0,
        exportHref: address('/admin/audit/export.csv'),
        nextHref: next ? address('/admin/audit', { after: String(next) }) : '',
        firstHref: query.after ? address('/admin/audit') : '',
      };
      return page('audit/index', view, {
        nav: actorNav(actor),
        json: { lines: lines.map(lineJson), next: next ?? null, keeping: { ...keeping, since: keeping.since?.toISOString() ?? null } },
      });
    },
  });

  route(counter, {
    method: 'get',
    path: '/admin/audit/export.csv',
    summary: 'The same lines as a CSV file; taking it is on record',
    tags,
    access: readers,
    query: Filter,
    file: ['csv'],
    handle: ({ db, actor, query, t }) =>
      file(Readable.from(csvOf(exportAuditLines(db, actor, filterOf(query)), words, t)), {
        name: `${t('audit.file')}.csv`,
        type: 'text/csv; charset=utf-8',
      }),
  });

  route(counter, {
    method: 'get',
    path: '/admin/audit/chain',
    summary: 'The form to prove the lines of a procedure',
    tags,
    access: readers,
    query: z.object({ procedure: searchWords(120) }),
    handle: ({ db, query, actor }) => chainPage(db, actor, { procedure: query.procedure ?? '' }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/audit/chain',
    summary: 'Recompute the hash chains of a case, by its number or id; names the first line that does not fit',
    tags,
    access: readers,
    body: z.object({ procedure: CaseText }),
    response: CaseProof,
    handle: async ({ db, actor, body, t }) => {
      const { proofs, first } = await proveCases(db, actor, body.procedure);
      const chains = proofs.map(proofJson);
      const json = { whole: chains.every(({ whole }) => whole), lines: chains.reduce((sum, { lines }) => sum + lines, 0), proofs: chains };
      return chainPage(
        db,
        actor,
        {
          procedure: body.procedure,
          proofs: proofs.map((proof) => ({ ...proof, whole: proof.brokenAt === null })),
          line: first && lineView(first, words, t),
        },
        json,
      );
    },
    onInvalid: ({ db, actor }, issues, entered) => chainPage(db, actor, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/admin/audit/chain/log',
    summary: 'Recompute the hash chains of all lines outside of cases; names the first line of each that does not fit',
    tags,
    access: readers,
    response: LogProof,
    handle: async ({ db, actor, instant, t }) => {
      const { lines, broken, first } = await proveLog(db, actor);
      const json = { lines, chains: AUDIT_LANES, whole: broken.length === 0, broken, at: instant.now.toISOString() };
      return chainPage(db, actor, { log: { ...json, first: broken[0] }, line: first && lineView(first, words, t) }, json);
    },
  });

  route(counter, {
    method: 'post',
    path: '/admin/audit/chain/cases',
    summary: 'Recompute the hash chains of all cases of the own regions, in steps: `after` is `next` of the step before',
    tags,
    access: readers,
    body: CasesPlace,
    response: CasesProof,
    handle: async ({ db, actor, body, instant, t }) => {
      const step = await proveNextCases(db, actor, body.after, body.size);
      const { chains, lines, next } = step;
      const broken = step.broken.map(proofJson);
      const json = { chains, lines, whole: broken.length === 0, broken, at: instant.now.toISOString(), next: next ?? null };
      const all = { chains: body.chains + chains, lines: body.lines + lines, broken: body.broken + broken.length };
      const view = { ...all, at: json.at, next, here: step.broken, whole: all.broken === 0, done: next === undefined };
      return chainPage(db, actor, { cases: view, line: step.first && lineView(step.first, words, t) }, json);
    },
  });
}

function proofJson({ procedureId, lines, brokenAt }: ChainProof): z.output<typeof Proof> {
  return { procedureId, lines, whole: brokenAt === null, brokenAt };
}

async function chainPage(db: Db, actor: Actor, view: Record<string, unknown>, json?: object): Promise<Reply> {
  const caseCount = await countCases(db, actor);
  const shown = {
    procedure: '',
    proofs: undefined,
    log: undefined,
    cases: undefined,
    line: undefined,
    provesLog: readsWholeLog(actor),
    lanes: AUDIT_LANES,
    caseCount,
    caseWords: caseCount > casesCountedAtMost ? `${casesCountedAtMost}+` : String(caseCount),
  };
  return page('audit/chain', { ...shown, ...view }, { nav: actorNav(actor), ...(json ? { json } : {}) });
}

function actorNav(actor: { grants: readonly { role: Role }[] }): string {
  return hasRole(actor, 'audit_admin') ? 'admin' : 'audit';
}

function filterOf({ person, act, subject, from, to, reads }: z.output<typeof Filter>): AuditFilter {
  return { person, act, subject, from, to, reads: reads === '1' ? true : undefined };
}

function actLabel(line: Pick<AuditRow, 'act' | 'detail'>, words: Words, t: Translate): string {
  const key = `audit.acts.${actCode(line)}`;
  return words.has(key) ? t(key) : line.act;
}

function lineView(line: AuditRow, words: Words, t: Translate) {
  return {
    ...line,
    actLabel: actLabel(line, words, t),
    named: words.has(`audit.acts.${actCode(line)}`),
    reads: readingActs.includes(line.act),
    who: line.actorName ?? t('audit.system'),
    detailText: Object.keys(line.detail).length > 0 ? JSON.stringify(line.detail, null, 1) : '',
  };
}

function lineJson(line: AuditRow) {
  return {
    id: line.id,
    at: line.at.toISOString(),
    recordedAt: line.recordedAt.toISOString(),
    person: line.actorLogin,
    act: line.act,
    subject: line.subject,
    procedureId: line.procedureId,
    lane: line.lane,
    no: line.no,
    detail: line.detail,
  };
}

/** Text of the file, batch by batch: no number of lines fills the memory. What a spreadsheet would take for a formula is made harmless by the writer. */
async function* csvOf(batches: AsyncIterable<AuditRow[]>, words: Words, t: Translate): AsyncGenerator<string> {
  const columns = ['id', 'at', 'recordedAt', 'login', 'name', 'act', 'actName', 'subject', 'procedure', 'no', 'detail'];
  yield `\ufeff${csvText([columns.map((column) => t(`audit.columns.${column}`))])}`;
  for await (const lines of batches) {
    yield csvText(
      lines.map((line) => [
        String(line.id),
        line.at.toISOString(),
        line.recordedAt.toISOString(),
        line.actorLogin ?? '',
        line.actorName ?? '',
        line.act,
        actLabel(line, words, t),
        line.subject,
        line.procedureId ?? t('audit.lane', { lane: line.lane ?? '' }),
        String(line.no),
        JSON.stringify(line.detail),
      ]),
    );
  }
}
