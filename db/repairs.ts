/** Repairs of a run by two people: one administrator asks with a reason, another one confirms; the outbox carries it out. The database refuses the same things again. */
import { withinPaths } from './regions.ts';
import { ConflictError, NotAllowedError, NotFoundError } from '../workflows/domain/errors.ts';
import { isWithin } from '../workflows/domain/scope.ts';
import { pathsOf } from './accounts/accounts.ts';
import type { Db, Trx } from './client.ts';
import { type IdempotentRequest, onceOnly } from './protocol/idempotency.ts';
import { auditProcedure, findProcedure, type LockedProcedure, lockProcedure, ringProcedures } from './protocol/procedures.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from './queries/time-pages.ts';
import type { Actor } from './accounts/users.ts';

/** `ring`: the run looks at its place again. `restart`: the run is ended and a new one begins at the place on record. */
export const repairKinds = ['ring', 'restart'] as const;
export type RepairKind = (typeof repairKinds)[number];

type RequestRow = {
  id: string;
  procedure_id: string;
  kind: RepairKind;
  status: 'requested' | 'confirmed' | 'refused' | 'withdrawn';
  requested_by: string;
  decided_by: string | null;
  decided_at: Date | null;
};

/** The procedure under lock, if it lies within the regions of this administrator and has something left to do. */
async function lockRepairable(trx: Trx, paths: string[], procedureId: string): Promise<LockedProcedure> {
  const known = await findProcedure(trx, procedureId);
  if (!known || !paths.some((path) => isWithin(known.region_path, path))) throw new NotFoundError('procedure.unknown');
  return lockProcedure(trx, procedureId);
}

function requireSomethingToDo(procedure: LockedProcedure): void {
  if (procedure.status === 'closed' && procedure.applied_no === procedure.fact_no)
    throw new ConflictError('procedure.closed', { outcome: procedure.outcome ?? procedure.status });
}

/** A system administrator asks for a repair. Throws NotFoundError outside the own regions; ConflictError for a closed procedure or a second request. */
export async function requestRepair(
  db: Db,
  actor: Actor,
  wanted: { procedureId: string; kind: RepairKind; reason: string },
  request?: IdempotentRequest,
): Promise<{ repairId: string }> {
  return onceOnly(db, request, async (trx) => {
    const procedure = await lockRepairable(trx, pathsOf(actor, 'system_admin'), wanted.procedureId);
    requireSomethingToDo(procedure);
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into repair_requests (procedure_id, kind, reason, requested_by, requested_at) values (:procedureId, :kind, :reason, :by, :now)
       on conflict (procedure_id) where status = 'requested' do nothing returning id`,
      { ...wanted, by: actor.userId, now: procedure.now },
    );
    const id = rows[0]?.id;
    if (!id) throw new ConflictError('repair.requested');
    const detail = { request: id, kind: wanted.kind, reason: wanted.reason };
    await auditProcedure(trx, procedure, actor.userId, { act: 'repair.request', subject: procedure.id, detail });
    return { repairId: id };
  });
}

/** The request with its procedure, both under lock: the procedure first, as everywhere. */
async function lockRequest(trx: Trx, actor: Actor, id: string): Promise<{ row: RequestRow; procedure: LockedProcedure }> {
  const found = await trx<RequestRow>('repair_requests').where({ id }).first('procedure_id');
  if (!found) throw new NotFoundError('repair.unknown');
  const procedure = await lockRepairable(trx, pathsOf(actor, 'system_admin', 'security_admin'), found.procedure_id);
  const row = (await trx<RequestRow>('repair_requests').where({ id }).forUpdate().first()) as RequestRow;
  if (row.status !== 'requested') {
    const decider = await trx('users')
      .where({ id: row.decided_by ?? '' })
      .first('name');
    throw new ConflictError(`repair.${row.status}`, { name: decider?.name ?? '—', at: row.decided_at?.toISOString() ?? '' });
  }
  return { row, procedure };
}

async function settle(trx: Trx, actor: Actor, row: RequestRow, status: RequestRow['status'], procedure: LockedProcedure): Promise<void> {
  await trx('repair_requests').where({ id: row.id }).update({ status, decided_by: actor.userId, decided_at: procedure.now });
}

/** The second person has the repair carried out. Throws NotAllowedError for who asked for it. */
export async function confirmRepair(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const { row, procedure } = await lockRequest(trx, actor, id);
    if (row.requested_by === actor.userId) throw new NotAllowedError('repair.own');
    requireSomethingToDo(procedure);
    await settle(trx, actor, row, 'confirmed', procedure);
    const detail = { request: id, kind: row.kind, requestedBy: row.requested_by };
    await auditProcedure(trx, procedure, actor.userId, { act: 'repair.confirm', subject: procedure.id, detail });
    await ringProcedures(trx, [procedure.id], row.kind === 'restart' ? 'restart' : 'look');
    return { status: 'confirmed' };
  });
}

/** The second person refuses it, or the one who asked takes it back. */
export async function refuseRepair(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const { row, procedure } = await lockRequest(trx, actor, id);
    const own = row.requested_by === actor.userId;
    await settle(trx, actor, row, own ? 'withdrawn' : 'refused', procedure);
    const line = { subject: procedure.id, detail: { request: id, kind: row.kind } };
    await auditProcedure(trx, procedure, actor.userId, own ? { act: 'repair.withdraw', ...line } : { act: 'repair.refuse', ...line });
    return { status: own ? 'withdrawn' : 'refused' };
  });
}

export type RepairLine = {
  id: string;
  procedureId: string;
  number: string;
  title: string;
  kind: RepairKind;
  reason: string;
  status: RequestRow['status'];
  requestedBy: string;
  requestedById: string;
  requestedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
};

/** Requests in these regions: those that wait, the oldest first; and a page of those decided, the latest first. */
export async function listRepairs(
  db: Db,
  paths: readonly string[],
  { after, size }: TimePage,
): Promise<{ waiting: RepairLine[]; decided: RepairLine[]; next: TimePlace | undefined }> {
  const columns = `q.id, q.procedure_id as "procedureId", p.subject_number as number, p.subject_title as title, q.kind, q.reason, q.status, a.name as "requestedBy",
            a.id as "requestedById", q.requested_at as "requestedAt", d.name as "decidedBy", q.decided_at as "decidedAt", cast(q.decided_at as text) as place`;
  const from = `repair_requests q join procedures p on p.id = q.procedure_id join users a on a.id = q.requested_by left join users d on d.id = q.decided_by`;
  const inside = withinPaths('p.region_path');
  const { rows } = await db.raw<{ rows: (RepairLine & { place: string })[] }>(
    `(select ${columns} from ${from} where q.status = 'requested' and ${inside} order by q.requested_at, q.id)
     union all
     (select ${columns} from ${from} where q.status <> 'requested' and ${inside} and ${afterPlace({ at: 'q.decided_at', id: 'q.id' }, after)} order by q.decided_at desc, q.id desc limit :limit)`,
    { paths: [...paths], ...after, limit: size + 1 },
  );
  const { lines, next } = cutPage(
    rows.filter(({ status }) => status !== 'requested'),
    size,
  );
  return { waiting: rows.filter(({ status }) => status === 'requested'), decided: lines, next };
}
