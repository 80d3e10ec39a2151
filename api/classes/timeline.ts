/** What happened to a class, in words. */
import type { TimelineLine } from '../../db/views/case.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { actCode, actWords, isLabelling, stepLabel, whoWithoutName } from '../tasks/words.ts';

/** `offices`: those whose labels the reader sees; of others only that there was one. A line: what, who, when. An act has words under `classes.acts`, `tasks.acts` or `institutions.acts`; one without shows its code, which never happens silently. */
export function timelineView(line: TimelineLine, t: Translate, words: Words, outside: boolean, offices: readonly string[] = []) {
  const step = line.subject.split('/')[1];
  const label = step ? stepLabel(words, t, { step, role: 'first_reviewer' }, outside) : '';
  const opened = Array.isArray(line.detail['tasks'])
    ? (line.detail['tasks'] as string[]).map((id) => stepLabel(words, t, { step: id.split('/')[1] ?? '', role: 'first_reviewer' }, outside))
    : [];
  const { act } = line;
  const code = actCode(line);
  const key = [`classes.acts.${code}`, `tasks.acts.${code}`, `institutions.acts.${code}`].find((name) => words.has(name));
  return {
    at: line.at,
    title:
      actWords(line, t, words) ??
      (key ? t(key, { step: label, steps: opened.join(t('common.listSeparator')), ...flat(line.detail) }) : act),
    who: line.name ? [line.name, line.institution].filter(Boolean).join(t('classes.whoSeparator')) : whoWithoutName(line, t),
    detail: isLabelling(line) && offices.includes(String(line.detail['office'])) ? String(line.detail['label']) : (line.reason ?? ''),
    act,
    name: line.name,
    reason: line.reason,
  };
}

function flat(detail: Record<string, unknown>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(detail).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );
}
