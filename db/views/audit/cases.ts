/** The proof that the lines of cases are whole: of the case that a number names, or of all of them in steps. Each procedure has a chain of its own. */
import { inputError } from '../../../workflows/domain/errors.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Db } from '../../client.ts';
import { auditOutside, findBrokenLink } from '../../protocol/procedures.ts';
import { withinPaths } from '../../regions.ts';
import { type AuditRow, auditColumns, auditPaths } from './log.ts';
import { listProceduresNamed } from '../number-search.ts';

export type ChainProof = { procedureId: string; title: string; lines: number; brokenAt: number | null };
export type CaseProof = { proofs: ChainProof[]; first: AuditRow | undefined };

type Chained = { id: string; subject_title: string; audit_no: number; audit_hash: Buffer };
const chained = 'p.id, p.subject_title, p.audit_no, p.audit_hash';

/**
 * Recomputes the chains of the procedures that a text names: of the one with this id, or of all that a number is of. `first` is the first line that does
 * not fit, unless it is gone. Throws InputError at `procedure` where it names none within the reader's regions.
 */
export async function proveCases(db: Db, actor: Actor, text: string): Promise<CaseProof> {
  const { rows } = await db.raw<{ rows: Chained[] }>(
    `select ${chained} from procedures p where p.id = any(cast(:ids as text[])) and ${withinPaths('p.region_path')} order by p.opened_at, p.id`,
    { ids: [text, ...(await listProceduresNamed(db, text))], paths: auditPaths(actor) },
  );
  if (rows.length === 0) throw inputError('procedure', 'audit.unknown');
  const proofs: ChainProof[] = [];
  for (const row of rows) {
    const proof = await proofOf(db, row);
    const { procedureId, lines, brokenAt } = proof;
    await auditOutside(db, actor.userId, { act: 'audit.verify', subject: procedureId, detail: { lines, brokenAt } });
    proofs.push(proof);
  }
  return { proofs, first: await firstBroken(db, proofs) };
}

/** `brokenAt` is the number of the first line that does not fit: changed, left out, or, at the end, cut off. */
async function proofOf(db: Db, procedure: Chained): Promise<ChainProof> {
  const broken = await findBrokenLink(db, procedure.id);
  const last = await db('audit_log').where({ procedure_id: procedure.id }).orderBy('no', 'desc').first('no', 'hash');
  const lines = Number(last?.no ?? 0);
  // The procedure's row remembers its last link: lines that are missing at the end show there.
  const cut = lines < procedure.audit_no ? lines + 1 : !procedure.audit_hash.equals(last?.hash ?? Buffer.alloc(0)) ? lines : undefined;
  return { procedureId: procedure.id, title: procedure.subject_title, lines, brokenAt: broken ?? cut ?? null };
}

async function firstBroken(db: Db, proofs: readonly ChainProof[]): Promise<AuditRow | undefined> {
  const broken = proofs.find(({ brokenAt }) => brokenAt !== null);
  if (!broken) return undefined;
  const { rows } = await db.raw<{ rows: AuditRow[] }>(
    `select ${auditColumns} from audit_log a left join users u on u.id = a.actor where a.procedure_id = ? and a.no = ?`,
    [broken.procedureId, broken.brokenAt ?? 0],
  );
  return rows[0];
}

/** More than this is not counted: to count a province took longer than the page may. */
export const casesCountedAtMost = 10_000;

/** `casesCountedAtMost + 1` where there are more. */
export async function countCases(db: Db, actor: Actor): Promise<number> {
  const { rows } = await db.raw<{ rows: { n: number }[] }>(
    `select cast(count(*) as int) as n from (select from procedures p where ${withinPaths('p.region_path')} limit :most) counted`,
    { paths: auditPaths(actor), most: casesCountedAtMost + 1 },
  );
  return rows[0]?.n ?? 0;
}

/** Cases that one request proves. */
const CASES_AT_ONCE = 500;

/** `next`: the case after which the next step goes on; absent after the last one. */
export type CasesStep = { chains: number; lines: number; broken: ChainProof[]; first: AuditRow | undefined; next: string | undefined };

/** A step of the proof of all cases within the reader's regions, in the order of their ids, put on record. */
export async function proveNextCases(db: Db, actor: Actor, after: string, size = CASES_AT_ONCE): Promise<CasesStep> {
  const { rows } = await db.raw<{ rows: Chained[] }>(
    `select ${chained} from procedures p where p.id > :after and ${withinPaths('p.region_path')} order by p.id limit :limit`,
    { after, paths: auditPaths(actor), limit: size + 1 },
  );
  const taken = rows.slice(0, size);
  const proofs: ChainProof[] = [];
  for (const row of taken) proofs.push(await proofOf(db, row));
  const lines = proofs.reduce((sum, proof) => sum + proof.lines, 0);
  const broken = proofs.filter(({ brokenAt }) => brokenAt !== null);
  await auditOutside(db, actor.userId, {
    act: 'audit.verify',
    subject: 'procedures',
    detail: { chains: proofs.length, lines, after, broken: broken.map(({ procedureId, brokenAt }) => ({ procedureId, no: brokenAt })) },
  });
  return {
    chains: proofs.length,
    lines,
    broken,
    first: await firstBroken(db, broken),
    next: rows.length > size ? taken.at(-1)?.id : undefined,
  };
}
