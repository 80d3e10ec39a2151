/** Words for what a task is: its step, its outcomes, its office. Steps come from the policy pack, so an unknown one falls back to stage and role. */
import { jointPartOf } from '../../workflows/domain/signing.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';

type StepFacts = { step: string; role: string };

/** Stages and steps that institutions know by another name: who pays them, in which batch, is the office's, and so is that somebody proposed a refusal. */
const toldOutside: Partial<Record<string, string>> = {
  refusal: 'approval',
  'payment.make': 'payment',
  checking: 'payment',
  releasing: 'payment',
  bank: 'payment',
};

/** «培训前初审». `outside`: whom a holder asked to sign as well is for the office. */
export function stepLabel(words: Words, t: Translate, task: StepFacts, outside = false): string {
  const [stage = '', name = ''] = task.step.split('.');
  const told = outside ? (toldOutside[task.step] ?? toldOutside[stage]) : undefined;
  if (told) return t(`tasks.stages.${told}`);
  const base = stage.startsWith('change-') ? 'change' : stage;
  const key = `tasks.steps.${base}.${name}`;
  const signs = jointPartOf(task.step);
  const part = outside && signs === 'added' ? undefined : signs;
  if (words.has(key)) return part ? t(`signing.step.${part}`, { step: t(key) }) : t(key);
  const stageKey = `tasks.stages.${base}`;
  return `${words.has(stageKey) ? t(stageKey) : base} · ${t(`common.roles.${task.role}`)}`;
}

/** What can be decided, as a button says it: «Approve». */
export function outcomeLabel(words: Words, t: Translate, kind: string, outcome: string): string {
  return wordsOf('outcomes', words, t, kind, outcome) ?? outcome;
}

/** How it was decided, as a record says it: «Approved». */
export function decidedLabel(words: Words, t: Translate, kind: string, outcome: string): string {
  return wordsOf('decided', words, t, kind, outcome) ?? outcomeLabel(words, t, kind, outcome);
}

function wordsOf(form: 'outcomes' | 'decided', words: Words, t: Translate, kind: string, outcome: string): string | undefined {
  const key = [kind, 'any'].map((of) => `tasks.${form}.${of}.${outcome}`).find((known) => words.has(known));
  return key && t(key);
}

export function officeName(office: { office_zh: string; office_en: string }, locale: Locale): string {
  return locale === 'en' ? office.office_en : office.office_zh;
}

/** The number of what a task is about. An order as a case says so, since its paper has another number. */
export function caseNumber(t: Translate, { kind, subject_number: number }: { kind: string; subject_number: string }): string {
  return kind === 'order_issue' || kind === 'order_answer' ? t('tasks.order.caseNumber', { number }) : number;
}

/** Path of the page of a task. */
export function taskPath(id: string): string {
  return `/tasks/${id}`;
}

type Act = { act: string; subject: string; detail: Record<string, unknown> };

/** Under which name the words of an act stand. Releasing a batch is a decision, releasing a claim is none: both are called release. */
export function actCode({ act, detail }: Pick<Act, 'act' | 'detail'>): string {
  if (act === 'task.release' && detail['outcome'] === 'release') return 'task_release_batch';
  return act.replaceAll('.', '_').replace(/^task_back_to_\d$/, 'task_back');
}

/** What an act is called where its name alone would not say enough: which registers answered what, which procedure has ended. */
export function actWords(line: Act, t: Translate, words: Words): string | undefined {
  if (line.act === 'verification.answered') {
    const answers = Object.entries(line.detail).map(([key, count]) => {
      const [register, result] = key.split('.');
      return t('tasks.registerAnswer', {
        register: t(`verifications.registers.${register}`),
        result: t(`verifications.results.${result}`),
        count,
      });
    });
    return answers.length > 0 ? t('tasks.registersAnswered', { answers: answers.join(t('common.listSeparator')) }) : undefined;
  }
  const ended = `tasks.ended.${line.subject.split('-')[0]}`;
  return line.act === 'procedure.close' && words.has(ended) ? t(ended) : undefined;
}

/** A label put on or taken off: its line says which one. */
export function isLabelling({ act }: Pick<Act, 'act'>): boolean {
  return act === 'case.label' || act === 'case.unlabel';
}

/** An act that nobody signed in did is the system's, an objection the public's. */
export function whoWithoutName(line: Pick<Act, 'act'>, t: Translate): string {
  return t(line.act === 'objection.raise' ? 'common.roles.public' : 'tasks.system');
}

/** Who acted, and for whom. */
export function whoFor(t: Translate, name: string, principal: string | null): string {
  return principal ? t('tasks.whoFor', { name, principal }) : name;
}
