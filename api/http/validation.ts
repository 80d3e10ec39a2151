/** From zod's findings to issues with words: codes are keys under `errors.` in the locales, never zod's English. */
import type { core } from 'zod';
import type { ErrorParams, Issue } from '../../workflows/domain/errors.ts';
import type { Translate, Words } from '../pages/i18n.ts';

/** An issue with the words to show at its field. */
export type FieldIssue = Issue & { message: string };

/**
 * One issue per finding; `field` is the path with dots (`trainees.0.name`). A schema names its own code either as the message
 * (`z.string().regex(/…/, 'idNumber')`) or as `params: { code: 'idNumber' }` of a refinement.
 */
export function toIssues(findings: readonly core.$ZodIssue[], words: Words): Issue[] {
  const issues: Issue[] = [];
  for (const finding of findings) {
    const path = finding.path.map(String).join('.');
    if (finding.code === 'unrecognized_keys') {
      for (const key of finding.keys) issues.push({ field: path ? `${path}.${key}` : key, code: 'unknownField' });
      continue;
    }
    const own = ownCode(finding, words);
    const [code, params] = own ? [own, limitsOf(finding)] : codeOf(finding);
    issues.push(params ? { field: path, code, params } : { field: path, code });
  }
  return issues;
}

/** Adds the words in the reader's language. */
export function withWords(issues: readonly Issue[], t: Translate): FieldIssue[] {
  return issues.map((issue) => ({ ...issue, message: t(`errors.${issue.code}`, issue.params) }));
}

function ownCode(finding: core.$ZodIssue, words: Words): string | undefined {
  if (finding.code === 'custom') {
    const code: unknown = finding.params?.['code'];
    if (typeof code === 'string') return code;
  }
  return /^[a-z][\w.]*$/i.test(finding.message) && words.has(`errors.${finding.message}`) ? finding.message : undefined;
}

function limitsOf(finding: core.$ZodIssue): ErrorParams | undefined {
  if (finding.code === 'too_small') return { minimum: Number(finding.minimum) };
  if (finding.code === 'too_big') return { maximum: Number(finding.maximum) };
  if (finding.code !== 'custom' || !finding.params) return undefined;
  const params: ErrorParams = {};
  for (const [name, value] of Object.entries(finding.params)) {
    if (name !== 'code' && (typeof value === 'string' || typeof value === 'number')) params[name] = value;
  }
  return Object.keys(params).length > 0 ? params : undefined;
}

function codeOf(finding: core.$ZodIssue): [string, ErrorParams?] {
  switch (finding.code) {
    case 'invalid_type':
      if (finding.input === undefined || finding.input === null || Number.isNaN(finding.input)) return ['required'];
      return [typeWords[finding.expected] ?? 'invalid'];
    case 'too_small': {
      const minimum = Number(finding.minimum);
      if (finding.origin === 'string') return minimum === 1 ? ['required'] : ['tooShort', { minimum }];
      if (finding.origin === 'array' || finding.origin === 'set') return minimum === 1 ? ['chooseOne'] : ['tooFewItems', { minimum }];
      if (finding.origin === 'date') return ['tooEarly'];
      return finding.inclusive ? ['tooSmall', { minimum }] : ['notAbove', { minimum }];
    }
    case 'too_big': {
      const maximum = Number(finding.maximum);
      if (finding.origin === 'string') return ['tooLong', { maximum }];
      if (finding.origin === 'array' || finding.origin === 'set') return ['tooManyItems', { maximum }];
      if (finding.origin === 'date') return ['tooLate'];
      return finding.inclusive ? ['tooBig', { maximum }] : ['notBelow', { maximum }];
    }
    case 'invalid_format':
      return [formatWords[finding.format] ?? 'format'];
    case 'invalid_value':
      return [finding.input === undefined || finding.input === '' ? 'chooseOne' : 'notOffered'];
    case 'not_multiple_of':
      return ['multipleOf', { step: Number(finding.divisor) }];
    case 'invalid_union':
      return [finding.input === undefined ? 'required' : 'invalid'];
    default:
      return ['invalid'];
  }
}

const typeWords: Record<string, string> = {
  number: 'number',
  int: 'wholeNumber',
  date: 'date',
  string: 'text',
  array: 'list',
  boolean: 'yesOrNo',
};
const formatWords: Record<string, string> = {
  email: 'email',
  url: 'url',
  uuid: 'identifier',
  date: 'date',
  datetime: 'dateTime',
  time: 'time',
  safeint: 'wholeNumber',
};
