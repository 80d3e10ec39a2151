/** The parts of a case (概览 材料 核查 时间线 沟通 资金): one of them stands beside the decision, its name in the address. */
import type { Case } from '../../../db/views/case.ts';
import { listClassTimeline } from '../../../db/views/classes/class-record.ts';
import { type ClassHead, getClassHead } from '../../../db/views/classes/classes.ts';
import { listMaterials } from '../../../db/views/classes/materials.ts';
import { readsMessages } from '../../../workflows/domain/classes/message.ts';
import { readsRecord } from '../../../workflows/domain/classes/reading.ts';
import { amountFact } from '../../classes/head.ts';
import { loadChecks, loadMoney } from '../../classes/record.ts';
import { timelineView } from '../../classes/timeline.ts';
import { materialView } from '../../materials/page.ts';
import { loadConversation } from '../../messages/page.ts';
import type { CaseContext } from './case.ts';
import { withQuery } from '../inbox/inbox.ts';
import { taskPath } from '../words.ts';

export const caseParts = ['overview', 'materials', 'checks', 'timeline', 'messages', 'money'] as const;
export type CasePart = (typeof caseParts)[number];

const TIMELINE = 60;

type Asked = { part: CasePart; before?: number | undefined; list: string };

/**
 * The tabs of a case about a class, with what its reader has not opened, and the part that is asked for. Undefined where the case is about
 * no class: a batch, a calendar.
 */
export async function loadPart(context: CaseContext, { task }: Case, asked: Asked) {
  const { db, actor, t } = context;
  if (task.class_number === null) return undefined;
  const head = await getClassHead(db, actor, task.class_number);
  const whole = readsRecord(actor, head);
  const parts = caseParts.filter((part) => part === 'overview' || whole);
  const part = parts.includes(asked.part) ? asked.part : 'overview';
  const materials = (await listMaterials(db, head.id, actor.userId)).map((line) => materialView(line, t));
  const here = (name: CasePart, more: Record<string, string> = {}): string => addressOf(task.id, asked.list, name, more);
  const shown = await contentOf(context, { head, part, asked, materials, here });
  // Who reads an institution's material is on record for the office only; it matters where a review rests on it.
  const unread =
    actor.institutionId === undefined && task.kind === 'review'
      ? materials.filter((material) => !material.removed && !material.read).length
      : 0;
  const unreadMessages = part === 'messages' ? 0 : head.unread_messages;
  return {
    part,
    amount: whole ? amountFact(head, t) : undefined,
    ...shown,
    write: part === 'messages' ? { action: `/classes/${head.number}/messages`, back: here('messages') } : undefined,
    tabs: parts.map((name) => ({
      part: name,
      href: here(name),
      label: t(`case.parts.${name}`),
      active: name === part,
      ...(name === 'materials' && head.materials > 0 ? { count: head.materials } : {}),
      ...(name === 'materials' && unread > 0 ? { mark: t('materials.unreadCount', { n: unread }) } : {}),
      ...(name === 'messages' && head.messages > 0 ? { count: head.messages } : {}),
      ...(name === 'messages' && unreadMessages > 0 ? { mark: t('messages.unread', { count: unreadMessages }) } : {}),
    })),
  };
}

function addressOf(taskId: string, list: string, part: CasePart, more: Record<string, string>): string {
  const query = new URLSearchParams(list);
  if (part !== 'overview') query.set('part', part);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return withQuery(taskPath(taskId), query.toString());
}

type Wanted = {
  head: ClassHead;
  part: CasePart;
  asked: Asked;
  materials: ReturnType<typeof materialView>[];
  here: (part: CasePart, more?: Record<string, string>) => string;
};

/** Template of a part and what it prints; the overview is the page as its kind of task has it. */
async function contentOf(context: CaseContext, { head, part, asked, materials, here }: Wanted) {
  const { db, actor, t, locale, deps } = context;
  const { words } = deps;
  switch (part) {
    case 'overview':
      return {};
    case 'materials':
      return {
        template: 'materials/evidence',
        data: {
          materials: materials.filter((material) => !material.removed),
          formerMaterials: materials.filter((material) => material.removed),
        },
      };
    case 'checks':
      return { template: 'classes/checks-record', data: (await loadChecks({ db, actor, t, words }, head)).view };
    case 'money':
      return { template: 'classes/money-record', data: { ...(await loadMoney({ db, t, words, locale }, head)).view, beside: true } };
    case 'messages':
      return { template: 'messages/beside', data: { conversation: await loadConversation({ db, actor, t, locale }, head) } };
    case 'timeline': {
      const outside = actor.institutionId !== undefined;
      const lines = await listClassTimeline(db, {
        classId: head.id,
        number: head.number,
        before: asked.before,
        limit: TIMELINE + 1,
        outside,
        withMessages: readsMessages(actor, head),
        withReadings: true,
      });
      const last = lines.length > TIMELINE ? lines[TIMELINE - 1]?.id : undefined;
      return {
        template: 'classes/timeline-record',
        data: {
          items: lines.slice(0, TIMELINE).map((line) => timelineView(line, t, words, outside)),
          nextHref: last === undefined ? undefined : here('timeline', { before: String(last) }),
          firstHref: asked.before ? here('timeline') : undefined,
        },
      };
    }
  }
}
