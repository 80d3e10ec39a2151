/** The one table of acts on a task: printed by the README as it is, and complete. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  judgeTaskAct,
  livingStates,
  relationsOf,
  type TaskFacts,
  taskActs,
  taskActTable,
  taskStateOf,
} from '../../workflows/domain/task-acts.ts';
import type { Role } from '../../workflows/domain/roles.ts';

const office = { region: '350104', path: '350000/350100/350104' };
const task: TaskFacts = {
  status: 'open',
  role: 'first_reviewer',
  office: office.region,
  office_path: office.path,
  institution_id: 'school',
  claimed_by: null,
  claimed_for: null,
  decided_by: null,
  decided_for: null,
  delegated_to: null,
  suspended_at: null,
  added_by: null,
};
const person = (userId: string, role: Role, institutionId?: string) => ({
  userId,
  grants: [{ role, ...office }],
  ...(institutionId === undefined ? {} : { institutionId }),
});
const one = person('one', 'first_reviewer');
const two = person('two', 'first_reviewer');
const signed = { self: true, principal: false };
const chief = person('chief', 'supervisor');

/** The tables as Markdown. */
function printed(): { office: string[]; institution: string[] } {
  const table = taskActTable();
  const cells = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  const short = (verdict: string): string => (['yes', 'already'].includes(verdict) ? verdict : `\`${verdict}\``);
  return {
    office: table
      .filter(({ side }) => side === 'office')
      .map(({ act, relation, row }) =>
        cells([
          act,
          relation,
          ...livingStates.map((state) =>
            state === 'free' && ['holder', 'counterpart', 'delegate'].includes(relation) ? '' : short(row[state]),
          ),
        ]),
      ),
    institution: table
      .filter(({ side }) => side === 'institution')
      .map(({ act, relation, row }) => cells([act, relation, short(row.free)])),
  };
}

describe('the table of acts', () => {
  test('[F06] the README prints it as it is', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const { office: first, institution } = printed();
    expect(readme).toContain(first.join('\n'));
    expect(readme).toContain(institution.join('\n'));
  });

  test('[F06] every act has somebody who can do it in some state, on tasks of offices', () => {
    const possible = new Set(
      taskActTable()
        .filter(({ side, row }) => side === 'office' && Object.values(row).includes('yes'))
        .map(({ act }) => act),
    );
    expect(taskActs.filter((act) => !possible.has(act))).toEqual([]);
  });

  test('[F06] on tasks of institutions the state of a claim makes no difference', () => {
    for (const { row } of taskActTable().filter(({ side }) => side === 'institution'))
      expect(new Set([row.free, row.held, row.delegated, row.suspended]).size).toBe(1);
  });

  test('[F06] nobody does anything about a task that has ended, and the refusal says how it ended', () => {
    for (const status of ['decided', 'expired', 'cancelled'] as const)
      for (const act of taskActs)
        for (const actor of [one, chief]) {
          const verdict = judgeTaskAct(act, actor, { ...task, status, claimed_by: 'one' });
          expect([`task.${status}`, 'task.notYours', 'supervision.notYours']).toContain(verdict);
        }
  });

  test('[F05] administrators, auditors and officers of other offices do nothing', () => {
    const strangers = [
      ...(['system_admin', 'security_admin', 'audit_admin', 'auditor', 'approver', 'catalogue_officer'] as const).map((role) =>
        person('x', role),
      ),
      { userId: 'x', grants: [{ role: 'first_reviewer' as const, region: '350102', path: '350000/350100/350102' }] },
      { userId: 'x', grants: [{ role: 'supervisor' as const, region: '350102', path: '350000/350100/350102' }] },
    ];
    for (const stranger of strangers) {
      expect(relationsOf(stranger, task)).toEqual([]);
      for (const act of taskActs) expect(judgeTaskAct(act, stranger, task)).toMatch(/\.notYours$/);
    }
  });

  test('[F05] recusal: whoever belongs to the institution concerned neither decides nor supervises', () => {
    for (const role of ['first_reviewer', 'supervisor'] as const) expect(relationsOf(person('own', role, 'school'), task)).toEqual([]);
    expect(relationsOf(person('other', 'supervisor', 'other'), task)).toEqual(['supervisor']);
  });

  test('[F05] whoever signed another step takes no part in this one, and may still give it back or suspend it', () => {
    const held = { ...task, claimed_by: 'one' };
    const barred = taskActs.filter((act) => judgeTaskAct(act, one, held, signed) === 'task.fourEyes');
    expect(barred).toEqual(['decide', 'delegate', 'add_signer']);
    expect(judgeTaskAct('claim', one, task, signed)).toBe('task.fourEyes');
    expect(judgeTaskAct('opine', two, { ...held, delegated_to: 'two' }, signed)).toBe('task.fourEyes');
    expect(judgeTaskAct('release', one, held, signed)).toBe('yes');
  });

  test('[F06] the delegate answers and never decides; the holder waits or takes the question back', () => {
    const asked = { ...task, claimed_by: 'one', delegated_to: 'two' };
    expect(taskStateOf(asked)).toBe('delegated');
    const can = (actor: typeof one) => taskActs.filter((act) => judgeTaskAct(act, actor, asked) === 'yes');
    expect(can(two)).toEqual(['opine']);
    expect(can(one)).toEqual(['recall']);
    expect(can(chief)).toEqual(['recall', 'reassign', 'urge', 'prioritise', 'escalate']);
  });

  test('[F06] a signature that was added is recalled by whoever asked for it, whoever has it, until it is signed', () => {
    const added: TaskFacts = { ...task, added_by: 'one', claimed_by: 'two' };
    const asker = { ...person('one', 'approver'), userId: 'one' };
    for (const state of [{}, { claimed_by: null }, { delegated_to: 'three' }, { suspended_at: 'now' }])
      expect(judgeTaskAct('recall_signer', asker, { ...added, ...state })).toBe('yes');
    expect(judgeTaskAct('recall_signer', two, added)).toBe('signer.notAdder');
    expect(judgeTaskAct('recall_signer', chief, added)).toBe('task.notYours');
    expect(judgeTaskAct('recall_signer', asker, { ...added, status: 'decided' })).toBe('task.decided');
    // Whoever is no reviewer any more recalls nothing.
    expect(judgeTaskAct('recall_signer', person('one', 'auditor'), added)).toBe('task.notYours');
  });

  test('[F09] a substitute takes over what the principal has, who takes it back; the rest of the queue does neither', () => {
    const standIn = { role: 'first_reviewer' as const, region: office.region, principal: 'one', principalName: '周明' };
    const above = { userId: 'above', grants: [{ role: 'first_reviewer' as const, region: '350100', path: '350000/350100' }] };
    const substitute = { ...above, standsInFor: [standIn] };
    const can = (actor: Parameters<typeof judgeTaskAct>[1], facts: TaskFacts) =>
      taskActs.filter((act) => judgeTaskAct(act, actor, facts) === 'yes');
    expect(can(above, task)).toEqual([]);
    expect(can(substitute, task)).toEqual(['claim', 'decide']);
    const held = { ...task, claimed_by: 'one' };
    expect(relationsOf(substitute, held)).toEqual(['counterpart']);
    expect(can(substitute, held)).toEqual(['claim']);
    expect(can(substitute, { ...held, delegated_to: 'two' })).toEqual(['recall']);
    expect(can(substitute, { ...held, suspended_at: 'now' })).toEqual(['resume']);
    const lent = { ...task, claimed_by: 'above', claimed_for: 'one' };
    expect(can(substitute, lent)).toEqual(['release', 'decide', 'delegate', 'add_signer', 'suspend']);
    expect(can(one, lent)).toEqual(['claim']);
    expect(can(two, lent)).toEqual([]);
    expect(can({ ...substitute, standsInFor: [{ ...standIn, principal: 'two' }] }, held)).toEqual([]);
    const decided: TaskFacts = { ...lent, status: 'decided', decided_by: 'above', decided_for: 'one' };
    expect([one, substitute, two].map((actor) => judgeTaskAct('take_back', actor, decided))).toEqual(['yes', 'yes', 'task.decided']);
  });

  test('[F09] once it is over nothing is signed for the principal any more, and the task can be given back', () => {
    const lent = { ...task, claimed_by: 'two', claimed_for: 'one' };
    expect(taskActs.filter((act) => judgeTaskAct(act, two, lent) === 'substitution.over')).toEqual(['decide', 'delegate', 'add_signer']);
    expect(judgeTaskAct('release', two, lent)).toBe('yes');
    expect(judgeTaskAct('decide', two, { ...lent, claimed_for: null })).toBe('yes');
  });

  test('[F05] what the principal signed elsewhere, nobody signs on for the principal', () => {
    const both = {
      ...two,
      standsInFor: [{ role: 'first_reviewer' as const, region: office.region, principal: 'one', principalName: '周明' }],
    };
    const lent = { ...task, claimed_by: 'two', claimed_for: 'one' };
    const barred = taskActs.filter((act) => judgeTaskAct(act, both, lent, { self: false, principal: true }) === 'task.fourEyesPrincipal');
    expect(barred).toEqual(['decide', 'delegate', 'add_signer']);
  });

  test('a supervisor who is also reviewer has the acts of both', () => {
    const both = { userId: 'both', grants: [...one.grants, ...chief.grants] };
    expect(taskActs.filter((act) => judgeTaskAct(act, both, task) === 'yes')).toEqual([
      'claim',
      'decide',
      'suspend',
      'reassign',
      'urge',
      'prioritise',
      'escalate',
    ]);
  });
});
