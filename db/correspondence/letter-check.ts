/**
 * What a letter may say. Read from the tree of the source, before anything is rendered: only the placeholders of its letter, plain and escaped, with
 * `#if` and `#unless`, and the list of a digest; no other helper, no partial, no way to a prototype. Links lead to the product and nowhere else.
 */
import Handlebars from 'handlebars';

export type LetterIssue = { code: string; params: Record<string, string | number> };
type Part = 'subject' | 'html' | 'text';
type Placeholders = { may: readonly string[]; must: readonly string[] };

type Node = { type: string };
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
  let tree: Program;
  try {
    tree = Handlebars.parse(source) as unknown as Program;
  } catch (error) {
    return { code: 'letter.broken', params: { line: /line (\d+)/i.exec((error as Error).message)?.[1] ?? 1 } };
  }
  const named = new Set<string>();
  const wrong = walk(tree, placeholders.may, named) ?? (part === 'html' ? checkHtml(source) : undefined) ?? checkWords(source, part);
  if (wrong) return wrong;
  const missing = part === 'subject' ? [] : placeholders.must.filter((name) => !named.has(name));
  return missing.length > 0 ? { code: 'letter.missing', params: { names: missing.map((name) => `{{${name}}}`).join(' ') } } : undefined;
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
    return walk(block.program, itemNames, new Set()) ?? walk(block.inverse, may, named);
  }
  // A condition alone does not show what it asks for.
  return lookAtPath(subject, may, new Set()) ?? walk(block.program, may, named) ?? walk(block.inverse, may, named);
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

function checkHtml(source: string): LetterIssue | undefined {
  const rest = source.replace(ownLink, '');
  if (/\b(href|src|srcset|action|background|poster)\s*=/i.test(rest) || /javascript:|url\(/i.test(rest))
    return { code: 'letter.address', params: { link: '{{link}}' } };
  const tag =
    /<\s*\/?\s*(script|iframe|frame|object|embed|form|input|button|select|textarea|base|meta|link|style|svg|math|img|video|audio|template)\b/i.exec(
      rest,
    );
  if (tag) return { code: 'letter.tag', params: { name: tag[1] ?? '' } };
  if (/<[^>]*\son\w+\s*=/i.test(rest)) return { code: 'letter.tag', params: { name: 'on…' } };
  return /<[^>]*\{\{/.test(rest) ? { code: 'letter.inTag', params: {} } : undefined;
}

function checkWords(source: string, part: Part): LetterIssue | undefined {
  if (part === 'subject' && /[\r\n]/.test(source)) return { code: 'oneLine', params: {} };
  return /\b(https?|ftp):/i.test(source) ? { code: 'letter.address', params: { link: '{{link}}' } } : undefined;
}
