/**
 * Everything that an institution was answered over all its classes, newest first: decisions with their papers, messages, payments and what the bank sent back.
 * What it published itself is no answer.
 */
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { AnswerKind } from '../../workflows/domain/training/answers.ts';
import type { Actor } from '../accounts/users.ts';
import { isPassedOn } from './inside.ts';
import { classOfPaperFound, numberFound } from './number-search.ts';
import type { Db } from '../client.ts';
import { plannedEachTime, quoted, run } from '../queries/statements.ts';
import type { TimePage, TimePlace } from '../queries/time-pages.ts';
import { containing } from '../queries/text-search.ts';

/** `key` tells answers of the same instant apart. What an answer is not about is null. */
export type OfficeAnswer = {
  key: string;
  kind: AnswerKind;
  at: Date;
  at_key: string;
  /** Decisions: of a task about a class or its claim. */
  procedure_type: string | null;
  task_kind: TaskKind | null;
  step: string | null;
  role: string | null;
  outcome: string | null;
  /** The reason of a decision, the words of a message, why the bank sent payments back. */
  words: string | null;
  name: string | null;
  subject_number: string;
  subject_title: string;
  class_number: string;
  /** Payments: how many people and how much. */
  people: number | null;
  amount_fen: number | null;
  paper: string | null;
  paper_kind: string | null;
  paper_id: string | null;
};

export type AnswerFilter = TimePage & {
  kind?: AnswerKind | undefined;
  /** Number of a class or of a claim, or words of the title of a class. */
  text?: string | undefined;
};

/** Tasks whose decision is an answer to the institution; what payment officers do among themselves is none. */
const answeringKinds: readonly TaskKind[] = ['review', 'change_review', 'inspection', 'reinspection', 'funds'];

/** What kind of answer a decided task `t` is. */
const kindOfTask = `case when t.kind in ('inspection', 'reinspection') then 'inspection' when t.outcome = 'return' then 'correction'
       when t.outcome = 'refuse' then 'refusal' else 'review' end`;

/** Where answers come from. Each source gives its newest lines in order, so that a page reads little more of an institution's years than it shows. `ref`: the row. */
type Source = {
  kinds: readonly AnswerKind[];
  at: string;
  key: string;
  classId: string;
  ref: string;
  uuid?: true;
  kind: string;
  from: string;
};

const sources: readonly Source[] = [
  {
    // What is only proposed or signed inside the office is no answer, nor is the approval of a review that could have proposed a refusal: it would tell that
    // another one did. What an objector wrote is not for the institution.
    kinds: ['correction', 'refusal', 'review', 'inspection'],
    at: 't.decided_at',
    key: `'task/' || t.id`,
    classId: 't.class_id',
    ref: 't.id',
    kind: kindOfTask,
    from: `tasks t where t.institution_id = cast(:institution as uuid) and t.status = 'decided' and t.kind in (${quoted(answeringKinds)}) and t.class_id is not null
             and not ${isPassedOn('t')}
             and (cast(:kind as text) is null or ${kindOfTask} = :kind)
             and exists (select 1 from facts f where f.procedure_id = t.procedure_id and f.task_id = t.id and f.kind = 'decided')`,
  },
  {
    kinds: ['message'],
    at: 'm.sent_at',
    key: `'message/' || m.id`,
    classId: 'm.class_id',
    ref: 'm.id',
    uuid: true,
    kind: `'message'`,
    from: `classes c join class_messages m on m.class_id = c.id where c.institution_id = cast(:institution as uuid) and m.side = 'office'`,
  },
  ...(['paid', 'failed'] as const).map((status): Source => {
    const kind = status === 'paid' ? 'payment' : 'payment_return';
    return {
      kinds: [kind],
      at: 'b.answered_at',
      key: `'${kind}/' || b.id`,
      classId: 'p.class_id',
      ref: 'b.id',
      uuid: true,
      kind: `'${kind}'`,
      from: `procedures p join payment_batches b on b.procedure_id = p.id
              where p.institution_id = cast(:institution as uuid) and p.type = 'subsidyPayment' and b.answered_at is not null
                and exists (select 1 from payment_attempts x where x.batch_id = b.id and x.status = '${status}')`,
    };
  }),
];

/** Classes of the institution that a text names. */
const namedBy = (
  text: string,
  paper = classOfPaperFound('c.id', text, true),
): string => `(select c.id from classes c left join subsidy_applications a on a.class_id = c.id
                 where c.institution_id = cast(:institution as uuid) and (${paper ? `${paper.sql} or ` : ''}${numberFound('c.number', text).sql} or ${numberFound('a.number', text).sql} or ${containing(['c.title'], text).sql}))`;

function newest({ at, key, classId, ref, uuid, kind, from }: Source, filter: AnswerFilter): string {
  return `(select ${at} as at, (${key}) collate "C" as key, ${classId} as class_id, ${uuid ? `cast(null as text) as ref, ${ref} as id` : `${ref} as ref, cast(null as uuid) as id`}, ${kind} as kind from ${from}
        ${filter.text ? `and ${classId} in ${namedBy(filter.text)}` : ''}
        ${filter.after ? `and ${at} <= cast(:at as timestamptz) and (${at}, (${key}) collate "C") < (cast(:at as timestamptz), cast(:id as text))` : ''}
      order by 1 desc, 2 desc limit ${Math.trunc(filter.size) + 1})`;
}

/** A page of the answers of an institution, newest first. */
export async function listOfficeAnswers(
  db: Db,
  actor: Actor,
  filter: AnswerFilter,
): Promise<{ lines: OfficeAnswer[]; next: TimePlace | undefined }> {
  const { kind, text, after, size } = filter;
  const wanted = sources.filter(({ kinds }) => kind === undefined || kinds.includes(kind));
  const rows = await run<OfficeAnswer>(
    db,
    plannedEachTime(`with answers as materialized (
       select * from (${wanted.map((source) => newest(source, filter)).join(' union all ')}) every_one order by at desc, key desc limit ${Math.trunc(size) + 1})
     select w.key, w.kind, w.at, cast(w.at as text) as at_key, p.type as procedure_type, t.kind as task_kind, t.step, t.role, t.outcome,
            coalesce(f.payload ->> 'reason', m.body, y.reasons) as words, coalesce(fu.name, mu.name) as name,
            coalesce(p.subject_number, a.number, c.number) as subject_number, c.title as subject_title, c.number as class_number,
            y.people, y.amount_fen, r.number as paper, r.kind as paper_kind, r.id as paper_id
       from answers w
       join classes c on c.id = w.class_id
       left join tasks t on t.id = w.ref and w.key like 'task/%'
       left join procedures p on p.id = t.procedure_id
       left join lateral (select payload, actor from facts where procedure_id = t.procedure_id and task_id = t.id and kind = 'decided' order by no desc limit 1) f on true
       left join users fu on fu.id = f.actor
       left join class_messages m on w.kind = 'message' and m.id = w.id
       left join users mu on mu.id = m.author
       left join lateral (select count(*)::int as people, sum(l.amount_fen)::bigint as amount_fen, string_agg(distinct x.reason, '；') as reasons
                            from payment_attempts x join payment_lines l on l.id = x.line_id
                           where x.batch_id = w.id and x.status = case w.kind when 'payment' then 'paid' else 'failed' end) y on w.kind in ('payment', 'payment_return')
       left join subsidy_applications a on y.people is not null and a.class_id = c.id
       left join lateral (select number, kind, id from papers where procedure_id = t.procedure_id and task_id = t.id and kind <> 'supervision_order' order by issued_at desc limit 1) r on true
      order by w.at desc, w.key desc`),
    {
      institution: actor.institutionId ?? null,
      kind: kind ?? null,
      ...(text
        ? {
            ...numberFound('c.number', text).bindings,
            ...classOfPaperFound('c.id', text, true)?.bindings,
            ...containing(['c.title'], text).bindings,
          }
        : {}),
      ...(after ? { at: after.at, id: after.id } : {}),
    },
  );
  const lines = rows.slice(0, size);
  const last = lines.at(-1);
  return { lines, next: rows.length > size && last ? { at: last.at_key, id: last.key } : undefined };
}
