/** Which queues a list reads, and how an index finds a task of each. */
import { readingPaths } from '../../../workflows/domain/scope.ts';
import { type StandIn, workQueuesOf } from '../../../workflows/domain/scope.ts';
import { soleOfficeRole } from '../../../workflows/domain/task-kinds.ts';
import { isOutsideRole } from '../../../workflows/domain/tasks.ts';
import type { Actor } from '../../accounts/users.ts';
import { withinPaths } from '../../regions.ts';
import { refusedInQueue } from '../../protocol/signing/four-eyes.ts';
import { officersOnly, officesOf } from './conditions.ts';
import type { InboxFilter } from './inbox.ts';

type Scope = { from: string; match: string; bindings: Record<string, unknown> };

/** Which queues a view reads: rows of `g`, and how a task of one of them is found by an index. */
export function scopeOf(actor: Actor, filter: InboxFilter): Scope {
  if (filter.view === 'mine' && actor.standsInFor?.length) return ownAndPrincipals(actor, actor.standsInFor);
  if (filter.view === 'mine')
    return { from: `(values (cast(:actor as uuid))) g (person)`, match: 't.claimed_by = g.person', bindings: { actor: actor.userId } };
  if (filter.view === 'asked')
    return { from: `(values (cast(:actor as uuid))) g (person)`, match: 't.delegated_to = g.person', bindings: { actor: actor.userId } };
  if (filter.view === 'region') return regionScope(actor, filter);
  if (actor.institutionId !== undefined) {
    const roles = [...new Set(actor.grants.map((grant) => grant.role).filter(isOutsideRole))];
    const own = queuesOf(roles.map((role) => ({ role })));
    return {
      from: own.from,
      match: 't.institution_id = :institution and t.role = g.role',
      bindings: { ...own.bindings, institution: actor.institutionId },
    };
  }
  const queues = workQueuesOf(actor).filter(({ role }) => !isOutsideRole(role));
  const own = queuesOf(queues.map(({ region, role, principals }) => ({ office: region, role, principals: principals ?? null })));
  // What is suspended is out of the queue; its holder and the supervisors of the region see it. What four eyes refuse stands in a view of its own.
  // Said to be signed by somebody, it is found by the index of what is.
  const refused = `${filter.view === 'barred' ? `t.signers <> '{}' and ` : 'not '}${refusedInQueue('cast(:barred as uuid)')}`;
  return {
    from: own.from,
    match: `t.office = g.office and t.role = g.role and t.suspended_at is null and ${refused}`,
    bindings: { ...own.bindings, barred: actor.userId },
  };
}

/**
 * The queues of a person as rows of `g`. Written out, so that PostgreSQL knows how many they are without seeing them and keeps one plan for
 * everybody who has as many: to plan took longer than to read.
 */
function queuesOf(queues: readonly Record<string, string | readonly string[] | null>[], prefix = ''): Pick<Scope, 'from' | 'bindings'> {
  const names = Object.keys(queues[0] ?? {});
  if (names.length === 0)
    return {
      from: `(select cast(null as text) as office, cast(null as text) as role, cast(null as uuid[]) as principals where false) g`,
      bindings: {},
    };
  const rows = queues.map(
    (_queue, at) => `(${names.map((name) => `cast(:${prefix}${name}${at} as ${name === 'principals' ? 'uuid[]' : 'text'})`).join(', ')})`,
  );
  const bindings = Object.fromEntries(queues.flatMap((queue, at) => names.map((name) => [`${prefix}${name}${at}`, queue[name]])));
  return { from: `(values ${rows.join(', ')}) g (${names.join(', ')})`, bindings };
}

/** What one has, and what those have for whom one substitutes. */
function ownAndPrincipals(actor: Actor, standIns: readonly StandIn[]): Scope {
  const own = { person: actor.userId, office: null, role: null };
  const lent = standIns.map(({ principal, region, role }) => ({ person: principal, office: region, role }));
  // Its names are its own: the counts of a list ask for it beside the queues.
  const listed = queuesOf([own, ...lent], 'held_');
  return { ...listed, match: 't.claimed_by = cast(g.person as uuid) and (g.office is null or (t.office = g.office and t.role = g.role))' };
}

/** Every office of the subtree is a queue of its own. A text is looked up by `searchRegion`. */
function regionScope(actor: Actor, filter: InboxFilter): Scope {
  const paths = readingPaths(actor);
  if (filter.holder)
    return {
      from: `(values (cast(:holder as uuid))) g (person)`,
      match: `t.claimed_by = g.person and ${officersOnly} and ${withinPaths('t.office_path')}`,
      bindings: { paths, holder: filter.holder },
    };
  const offices = officesOf(filter);
  const role = filter.kind && soleOfficeRole(filter.kind);
  if (role) {
    const pairs = `(select o.code as office, x.role from ${offices} o cross join unnest(cast(:roles as text[])) x (role)) g`;
    return { from: pairs, match: `t.office = g.office and t.role = g.role and ${officersOnly}`, bindings: { paths, roles: [role] } };
  }
  return { from: `${offices} g`, match: `t.office_path = g.path and ${officersOnly}`, bindings: { paths } };
}
