/**
 * The letters of the office: mails (subject, html, text) and short messages (text), each in both languages. What is shipped lies in templates/mail;
 * `placeholders` says what a letter may name, and what it must.
 */
import Handlebars from 'handlebars';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MailTemplate } from './mails.ts';
import type { SmsTemplate } from './sms.ts';

export const letterLocales = ['zh-CN', 'en'] as const;
export type LetterLocale = (typeof letterLocales)[number];
/** The sources of a letter; a short message has neither subject nor html. */
export type Letter = { subject: string; html: string; text: string };

type MailName = MailTemplate | 'digest';
type Placeholders = { may: readonly string[]; must: readonly string[] };

const aboutCase: Placeholders = { may: ['name', 'number', 'title', 'link'], must: ['number', 'link'] };

export const mailPlaceholders: Readonly<Record<MailName, Placeholders>> = {
  assigned: aboutCase,
  correction: { may: [...aboutCase.may, 'paper'], must: [...aboutCase.must, 'paper'] },
  digest: { may: ['name', 'count', 'link', 'items'], must: ['link', 'items'] },
  escalation: aboutCase,
  opinion_asked: aboutCase,
  opinion_given: aboutCase,
  outcome: aboutCase,
  overdue: aboutCase,
  reminder: aboutCase,
  set_up: { may: ['name', 'hours', 'link'], must: ['link'] },
  signature_asked: aboutCase,
  substitute: { may: ['name', 'from', 'until', 'link'], must: ['from', 'until', 'link'] },
  urge: aboutCase,
};
export const smsPlaceholders: Readonly<Record<SmsTemplate, Placeholders>> = {
  approved: { may: ['number'], must: ['number'] },
  correction: { may: ['number', 'paper'], must: ['number', 'paper'] },
  refused: { may: ['number'], must: ['number'] },
  urge: { may: ['number'], must: ['number'] },
};

export type Channel = 'mail' | 'sms';
/** A letter in both languages. */
export type Letters = Readonly<Record<LetterLocale, Letter>>;
/** Letters that take the place of the shipped ones, by name. */
export type InForce = ReadonlyMap<string, { version: number; letters: Letters }>;

export function lettersOf(channel: Channel): string[] {
  return Object.keys(channel === 'mail' ? mailPlaceholders : smsPlaceholders);
}

export function placeholdersOf(channel: Channel, name: string): Placeholders {
  return (channel === 'mail' ? mailPlaceholders[name as MailName] : smsPlaceholders[name as SmsTemplate]) ?? { may: [], must: [] };
}

export function shippedLetters(channel: Channel, name: string): Letters {
  const of = (locale: LetterLocale): Letter =>
    channel === 'mail' ? shippedMail(name as MailName, locale) : shippedSms(name as SmsTemplate, locale);
  return { 'zh-CN': of('zh-CN'), en: of('en') };
}

const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();
const MOST_COMPILED = 300;

/** templates/ lies at the package root, beside db/ in development and beside dist/ in production. */
function read(name: string): string {
  const root = import.meta.url.endsWith('.ts') ? '../../templates/mail/' : '../../../templates/mail/';
  return readFileSync(fileURLToPath(new URL(`${root}${name}`, import.meta.url)), 'utf8');
}

const files = new Map<string, string>();

function fileOf(name: string): string {
  const known = files.get(name) ?? read(name);
  files.set(name, known);
  return known;
}

/** A mail as it is shipped: its words set into the common frame. */
function shippedMail(name: MailName, locale: LetterLocale): Letter {
  const words = JSON.parse(fileOf(`words.${locale}.json`)) as Record<string, { subject: string; lead: string; action: string }>;
  const { subject, lead, action } = words[name] ?? { subject: name, lead: '', action: '' };
  const { may } = mailPlaceholders[name];
  const [html, text] = may.includes('items')
    ? ['<ul>{{#each items}}<li><a href="{{link}}">{{words}}</a></li>{{/each}}</ul>', '{{#each items}}{{words}}\n{{link}}\n\n{{/each}}']
    : may.includes('number')
      ? ['<p>{{number}} {{title}}</p>', '{{number}} {{title}}\n\n']
      : ['', ''];
  const set = (frame: string, body: string): string =>
    frame
      .replaceAll('[[colon]]', locale === 'en' ? ':' : '：')
      .replace('[[locale]]', locale)
      .replace('[[lead]]', lead)
      .replace('[[body]]', body)
      .replace('[[action]]', action);
  return { subject, html: set(fileOf('notice.html.hbs'), html), text: set(fileOf('notice.text.hbs'), text) };
}

function shippedSms(name: SmsTemplate, locale: LetterLocale): Letter {
  const words = JSON.parse(fileOf(`sms.${locale}.json`)) as Record<string, string>;
  return { subject: '', html: '', text: words[name] ?? '' };
}

type Values = Readonly<Record<string, unknown>>;

/** Fills one source. Only html is escaped. */
function fill(source: string, values: Values, kind: 'html' | 'text'): string {
  const key = `${kind}\0${source}`;
  let ready = compiled.get(key);
  if (!ready) {
    ready = handlebars.compile(source, { noEscape: kind === 'text', knownHelpersOnly: true });
    if (compiled.size >= MOST_COMPILED) compiled.clear();
    compiled.set(key, ready);
  }
  return ready(values);
}

export type RenderedMail = { subject: string; html: string; body: string };

function fillMail(letter: Letter, values: Values): RenderedMail {
  // A title is no place for line breaks in a header.
  const subject = fill(letter.subject, values, 'text').replace(/\s+/g, ' ').trim();
  return { subject, html: fill(letter.html, values, 'html'), body: fill(letter.text, values, 'text') };
}

/** Only what the letter may name. */
function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));
}

type MailOnPaper = { template: MailTemplate; params: Record<string, string | number>; locale: LetterLocale; name: string };

/** By the version in force; one that cannot be filled never stands in the way of the shipped words. */
function byVersion<T>(
  { channel, name, locale }: { channel: Channel; name: string; locale: LetterLocale },
  inForce: InForce,
  render: (letter: Letter) => T,
): T & { version: number } {
  const written = inForce.get(name);
  if (written) {
    try {
      return { ...render(written.letters[locale]), version: written.version };
    } catch {
      // Written under the rules of an older release.
    }
  }
  return { ...render(shippedLetters(channel, name)[locale]), version: 0 };
}

export function renderSms(
  name: SmsTemplate,
  { locale, params, inForce }: { locale: LetterLocale; params: Values; inForce: InForce },
): { text: string; version: number } {
  const values = pick(params, smsPlaceholders[name].may);
  return byVersion({ channel: 'sms', name, locale }, inForce, (letter) => ({ text: fill(letter.text, values, 'text') }));
}

/** `setUpToken`: of the link of a set-up, which is never kept. */
export function renderMail(
  mail: MailOnPaper,
  { baseUrl, inForce = new Map(), setUpToken }: { baseUrl: string; inForce?: InForce; setUpToken?: string | undefined },
): RenderedMail & { version: number } {
  const link =
    mail.template === 'set_up'
      ? `${baseUrl}/set-up/${setUpToken ?? '…'}`
      : mail.params['task']
        ? `${baseUrl}/tasks/${mail.params['task']}`
        : baseUrl;
  const values = pick({ ...mail.params, name: mail.name, link }, mailPlaceholders[mail.template].may);
  return byVersion({ channel: 'mail', name: mail.template, locale: mail.locale }, inForce, (letter) => fillMail(letter, values));
}

/** Several mails to one reader as one: what each is about, with its link. */
export function renderDigest(
  mails: readonly MailOnPaper[],
  { baseUrl, inForce }: { baseUrl: string; inForce: InForce },
): RenderedMail & { version: number } {
  const { locale = 'zh-CN', name = '' } = mails[0] ?? {};
  const items = mails.map((mail) => ({
    words: renderMail(mail, { baseUrl, inForce }).subject,
    link: mail.params['task'] ? `${baseUrl}/tasks/${mail.params['task']}` : baseUrl,
  }));
  const values = { name, items, count: mails.length, link: `${baseUrl}/tasks` };
  return byVersion({ channel: 'mail', name: 'digest', locale }, inForce, (letter) => fillMail(letter, values));
}

/** A letter with made-up data, as its page shows it. */
export function exampleOf(
  { channel, name }: { channel: Channel; name: string },
  letter: Letter,
  locale: LetterLocale,
  baseUrl: string,
): RenderedMail {
  const { may } = placeholdersOf(channel, name);
  const values = pick({ ...examples[locale], link: `${baseUrl}/tasks/…`, items: exampleItems(locale, baseUrl) }, may);
  if (channel === 'sms') return { subject: '', html: '', body: fill(letter.text, values, 'text') };
  return fillMail(letter, values);
}

const examples: Readonly<Record<LetterLocale, Values>> = {
  'zh-CN': {
    name: '王小明',
    number: 'PX350104-2026-00011',
    title: '中式烹调师（五级）第 1 期',
    paper: '仓山区人社培补〔2026〕1号',
    hours: 72,
    count: 2,
    from: '2026-03-09',
    until: '2026-03-13',
  },
  en: {
    name: 'Wang Xiaoming',
    number: 'PX350104-2026-00011',
    title: 'Chinese cook (level 5), class 1',
    paper: '仓山区人社培补〔2026〕1号',
    hours: 72,
    count: 2,
    from: '2026-03-09',
    until: '2026-03-13',
  },
};

function exampleItems(locale: LetterLocale, baseUrl: string): Values[] {
  return [11, 12].map((serial) => ({
    words: locale === 'en' ? `Due soon: PX350104-2026-000${serial}` : `即将到期：PX350104-2026-000${serial}`,
    link: `${baseUrl}/tasks/…`,
  }));
}
