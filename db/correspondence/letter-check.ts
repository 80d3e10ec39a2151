/**
 * What a letter may say. Read from the tree of the source, before anything is rendered: only the placeholders of its letter, plain and escaped, with
 * `#if` and `#unless`, and the list of a digest; no other helper, no partial, no way to a prototype. Links lead to the product and nowhere else: judged
 * by the text that comes out for every answer to its conditions, because comments and conditions cut words apart that are whole when they arrive.
 */
import Handlebars from 'handlebars';

export type LetterIssue = { code: string; params: Record<string, string | number> };
type Part = 'subject' | 'html' | 'text';
type Placeholders = { may: readonly string[]; must: readonly string[] };

type Node = { type: string; value?: string };
type Path = Node & { original: string; parts: string[]; depth: number; data: boolean };
type Call = Node & {
  path: Path;
  params: Path[];
  hash?: { pairs: unknown[] };
  escaped?: boolean;
  program?: Program;
  inverse?: Program;
};
type Program = Node & { body: Node[]; blockParams?: string[] };

/** What names a person or a number of one: told apart from a slip of the pen. */
const personal =
  /id_?(number|card|no)|phone|mobile|account|bank|trainee|student|person|birth|address|password|token|证件|身份证|姓名|学员|手机|电话|账号|卡号/i;
const itemNames = ['words', 'link'];

/** The first thing that is wrong with a source, or undefined. */
export function checkSource(source: string, part: Part, placeholders: Placeholders): LetterIssue | undefined {
  if (isTooDeep(source)) return construct('#if … #if …');
  let tree: Program;
  try {
    tree = Handlebars.parse(source) as unknown as Program;
  } catch (error) {
    return { code: 'letter.broken', params: { line: /line (\d+)/i.exec((error as Error).message)?.[1] ?? 1 } };
  }
  const named = new Set<string>();
  const wrong =
    walk(tree, placeholders.may, named) ??
    (part === 'subject' && /[\r\n]/.test(source) ? { code: 'oneLine', params: {} } : undefined) ??
    firstOf(listReadings(tree), (text) => (part === 'html' ? checkHtml(text) : undefined) ?? checkWords(text));
  if (wrong) return wrong;
  const missing = part === 'subject' ? [] : placeholders.must.filter((name) => !named.has(name));
  return missing.length > 0 ? { code: 'letter.missing', params: { names: missing.map((name) => `{{${name}}}`).join(' ') } } : undefined;
}

const MOST_NESTED = 6;

/** Before it is parsed: what lies deep costs the parser and the compiler seconds. */
function isTooDeep(source: string): boolean {
  let depth = 0;
  for (const [, opens] of source.matchAll(/\{\{~?\s*(?:(#|(?:\^|else\b)\s*\w)|\/)/g)) {
    depth += opens === undefined ? -1 : 1;
    if (depth > MOST_NESTED) return true;
  }
  return false;
}

/** The text for every answer to the conditions, placeholders as they stand. A letter names at most five things, so these are few. */
function listReadings(tree: Program): string[] {
  const asked = [...listAsked(tree)];
  const readings = new Set<string>();
  for (let answers = 0; answers < 2 ** asked.length; answers += 1)
    readings.add(read(tree, new Set(asked.filter((_name, at) => (answers >> at) % 2 === 1))));
  return [...readings];
}

function listAsked(program: Program | undefined): Set<string> {
  const blocks = (program?.body ?? []).filter(({ type }) => type === 'BlockStatement') as Call[];
  return new Set(blocks.flatMap((block) => [nameOf(block.params[0] as Path), ...listAsked(block.program), ...listAsked(block.inverse)]));
}

function read(program: Program | undefined, given: ReadonlySet<string>): string {
  return (program?.body ?? [])
    .map((node) => {
      if (node.type === 'ContentStatement') return node.value ?? '';
      if (node.type === 'MustacheStatement') return `{{${nameOf((node as Call).path)}}}`;
      if (node.type !== 'BlockStatement') return '';
      const { path, params, program: then, inverse } = node as Call;
      const holds = given.has(nameOf(params[0] as Path)) !== (nameOf(path) === 'unless');
      // Two turns of a list show what stands where one ends and the next begins.
      return holds ? read(then, given).repeat(nameOf(path) === 'each' ? 2 : 1) : read(inverse, given);
    })
    .join('');
}

function firstOf(texts: readonly string[], check: (text: string) => LetterIssue | undefined): LetterIssue | undefined {
  for (const text of texts) {
    const wrong = check(text);
    if (wrong) return wrong;
  }
  return undefined;
}

function walk(program: Program | undefined, may: readonly string[], named: Set<string>): LetterIssue | undefined {
  for (const node of program?.body ?? []) {
    const wrong = look(node, may, named);
    if (wrong) return wrong;
  }
  return undefined;
}

function look(node: Node, may: readonly string[], named: Set<string>): LetterIssue | undefined {
  switch (node.type) {
    case 'ContentStatement':
    case 'CommentStatement':
      return undefined;
    case 'MustacheStatement': {
      const { path, params, hash, escaped } = node as Call;
      if (escaped === false) return { code: 'letter.raw', params: { name: nameOf(path) } };
      if (params.length > 0 || hash) return construct(nameOf(path));
      return lookAtPath(path, may, named);
    }
    case 'BlockStatement':
      return lookAtBlock(node as Call, may, named);
    default:
      return construct(node.type === 'PartialStatement' || node.type === 'PartialBlockStatement' ? '>' : node.type);
  }
}

function lookAtBlock(block: Call, may: readonly string[], named: Set<string>): LetterIssue | undefined {
  const helper = nameOf(block.path);
  const [subject, ...others] = block.params;
  if (!subject || others.length > 0 || block.hash || block.program?.blockParams || !['if', 'unless', 'each'].includes(helper))
    return construct(`#${helper}`);
  if (helper === 'each') {
    if (subject.original !== 'items' || !may.includes('items')) return construct('#each');
    named.add('items');
    // Inside the list only what its items have; they do not count for the letter.
    return walk(block.program, itemNames, new Set()) ?? walk(block.inverse, may, new Set());
  }
  // A condition alone does not show what it asks for, and what is shown only where something is missing is not shown.
  const [shown, hidden] = helper === 'unless' ? [block.inverse, block.program] : [block.program, block.inverse];
  return lookAtPath(subject, may, new Set()) ?? walk(shown, may, named) ?? walk(hidden, may, new Set());
}

function lookAtPath(path: Path, may: readonly string[], named: Set<string>): LetterIssue | undefined {
  const name = nameOf(path);
  const plain =
    path.type === 'PathExpression' && path.depth === 0 && !path.data && path.parts.length === 1 && path.original === path.parts[0];
  // A list is gone through, not printed.
  if (plain && may.includes(name) && name !== 'items') {
    named.add(name);
    return undefined;
  }
  return { code: personal.test(name) ? 'letter.personal' : 'letter.unknown', params: { name, known: may.join('、') } };
}

function nameOf(path: Path): string {
  return String(path.original ?? '').slice(0, 60);
}

function construct(name: string): LetterIssue {
  return { code: 'letter.construct', params: { name } };
}

const ownLink = /href="\{\{link\}\}"/g;

/** Others spell letters and signs so that a reader's program puts them together again. */
const foreignEntity = /&(?!(?:amp|lt|gt|quot|apos|nbsp|ensp|emsp|middot|hellip|ndash|mdash|copy);)[#a-z]\w*/i;

function checkHtml(text: string): LetterIssue | undefined {
  const rest = text.replace(ownLink, '');
  if (/\b(href|src|srcset|action|formaction|background|poster)\s*=/i.test(rest) || /javascript:|url\(|@import/i.test(rest))
    return { code: 'letter.address', params: { link: '{{link}}' } };
  const tag =
    /<\s*\/?\s*(script|iframe|frame|object|embed|form|input|button|select|textarea|base|meta|link|style|svg|math|img|video|audio|template)\b/i.exec(
      rest,
    );
  if (tag) return { code: 'letter.tag', params: { name: tag[1] ?? '' } };
  if (/[\s/"']on[a-z]+\s*=/i.test(rest)) return { code: 'letter.tag', params: { name: 'on…' } };
  const spelled = foreignEntity.exec(rest)?.[0] ?? (/\bstyle\s*=/i.test(rest) && rest.includes('\\') ? '\\' : undefined);
  if (spelled) return { code: 'letter.tag', params: { name: spelled.slice(0, 20) } };
  // A tag ends at the first >, for whoever reads it here and for whoever reads it there.
  return /<[^<>]*\{\{/.test(rest) || /=\s*("[^"<>]*|'[^'<>]*)>/.test(rest) ? { code: 'letter.inTag', params: {} } : undefined;
}

function checkWords(text: string): LetterIssue | undefined {
  return /\b(https?|ftp):|:\/\/|\bwww\./i.test(text) ? { code: 'letter.address', params: { link: '{{link}}' } } : undefined;
}
