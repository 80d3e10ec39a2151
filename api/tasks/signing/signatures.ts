/** What is said of the signatures under one step: who has signed, with outcome and time, and who is still missing. */
import type { PossibleSigner } from '../../../db/protocol/signing/added-signers.ts';
import type { Signature } from '../../../db/protocol/signing/groups.ts';
import type { ProcedureRow } from '../../../db/protocol/procedures.ts';
import type { ReviewSignature } from '../../../db/views/classes/class-reviews.ts';
import { type JointPart, rowStepOf, type signatureStates } from '../../../workflows/domain/signing.ts';
import { reviewTableOf, stageOf } from '../../../workflows/domain/tasks.ts';
import type { Locale, Translate, Words } from '../../pages/i18n.ts';
import { officeName, decidedLabel, stepLabel, taskPath, whoFor } from '../words.ts';

type Speech = { t: Translate; words: Words; locale: Locale };

function stateOf(signature: Signature): (typeof signatureStates)[number] {
  if (signature.status === 'decided') return signature.outcome === 'approve' ? 'signed' : 'decided';
  if (signature.status === 'open') return 'missing';
  return signature.recalled_reason === null ? 'over' : 'recalled';
}

/** Whether a group takes all signatures or one: what its first task says. */
function modeOf(signatures: readonly Signature[]): JointPart {
  return signatures.some(({ joint }) => joint === 'any') ? 'any' : 'all';
}

/** «会签 1/2»; where one is enough, «或签 2 选 1». */
export function jointWords(joint: { part: JointPart; signed: number; asked: number }, t: Translate): string {
  return t(`signing.count.${joint.part === 'any' ? 'any' : 'all'}`, { signed: joint.signed, asked: joint.asked });
}

/** What the page says of a group. */
export function signersView(signatures: readonly Signature[], current: string, { t, words, locale }: Speech) {
  if (signatures.length === 0) return undefined;
  const asked = signatures.filter((one) => stateOf(one) !== 'recalled');
  const mode = modeOf(signatures);
  const signed = asked.filter((one) => stateOf(one) === 'signed').length;
  return {
    mode,
    count: jointWords({ part: mode, signed, asked: asked.length }, t),
    rule: t(`signing.rule.${mode}`),
    signers: signatures.map((one) => ({
      id: one.id,
      href: taskPath(one.id),
      current: one.id === current,
      who: `${officeName(one, locale)} · ${t(`common.roles.${one.role}`)}`,
      name: one.name === null ? t('tasks.unclaimed') : whoFor(t, one.name, one.principal),
      state: stateOf(one),
      tone: { signed: 'green', decided: 'red', missing: 'amber', over: '', recalled: '' }[stateOf(one)],
      words: one.status === 'decided' ? decidedLabel(words, t, 'review', one.outcome ?? '') : t(`signing.state.${stateOf(one)}`),
      at: one.status === 'decided' ? one.at : null,
      reason: one.reason ?? one.recalled_reason,
      dueDate: one.status === 'open' ? one.due_date : null,
      asked: one.asked_by === null ? undefined : t('signing.askedBy', { name: one.asked_by, question: one.question ?? '' }),
    })),
  };
}

/** «培训前复核：拟不予通过», by whom and why. */
export function proposalsView(reviews: readonly ReviewSignature[], { terms }: Pick<ProcedureRow, 'terms'>, { t, words }: Speech) {
  return reviews.map(({ step, name, at, reason }) => {
    const stage = stageOf(step);
    const role = reviewTableOf(terms, stage)?.find((row) => `${stage}.${row.step}` === rowStepOf(step))?.role ?? '';
    return { step, title: t('tasks.proposedRefusal', { step: stepLabel(words, t, { step, role }) }), name, at, reason };
  });
}

/** Why a signature is no longer needed: who decided the step, and how. */
export function endedView(signatures: readonly Signature[], endedBy: string | null, { t, words }: Speech) {
  const by = signatures.find(({ id }) => id === endedBy);
  return (
    by && {
      name: whoFor(t, by.name ?? '—', by.principal),
      at: by.at,
      outcome: decidedLabel(words, t, 'review', by.outcome ?? ''),
      reason: by.reason,
    }
  );
}

/** What programs are told of a group. */
export function signaturesJson(signatures: readonly Signature[]) {
  return signatures.map((one) => ({
    task: one.id,
    joint: one.joint,
    role: one.role,
    state: stateOf(one),
    outcome: one.outcome,
    name: one.name,
    for: one.principal,
    at: one.at?.toISOString() ?? null,
    reason: one.reason,
    askedBy: one.asked_by,
    question: one.question,
  }));
}

/** Who can be asked to sign, as choices. */
export function possibleSigners(people: readonly PossibleSigner[], { t, locale }: Speech) {
  return people.map((one) => ({
    id: one.id,
    label: t('signing.person', { name: one.name, office: officeName(one, locale), role: t(`common.roles.${one.role}`) }),
  }));
}
