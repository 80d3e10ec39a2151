/** Renders mails from templates/mail: a subject, an html and a text for each template and language. */
import Handlebars from 'handlebars';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { QueuedMail } from '../../db/correspondence/mails.ts';

const handlebars = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** templates/ lies at the package root, beside activities/ in development and beside dist/ in production. */
function templatePath(name: string): string {
  const root = import.meta.url.endsWith('.ts') ? '../../templates/mail/' : '../../../templates/mail/';
  return fileURLToPath(new URL(`${root}${name}`, import.meta.url));
}

function template(name: string): Handlebars.TemplateDelegate {
  let ready = compiled.get(name);
  if (!ready) {
    ready = handlebars.compile(readFileSync(templatePath(name), 'utf8'), { strict: false, noEscape: name.endsWith('.text.hbs') });
    compiled.set(name, ready);
  }
  return ready;
}

type MailWords = Record<string, { subject: string; lead: string; action: string }>;
const words = new Map<string, MailWords>();

function wordsOf(locale: string): MailWords {
  let found = words.get(locale);
  if (!found) {
    found = JSON.parse(readFileSync(templatePath(`words.${locale}.json`), 'utf8')) as MailWords;
    words.set(locale, found);
  }
  return found;
}

/** Several mails to one reader as one: what each is about, with its link. */
export function renderDigest(mails: readonly QueuedMail[], baseUrl: string): { subject: string; html: string; body: string } {
  const [first] = mails;
  const { locale = 'zh-CN', name = '' } = first ?? {};
  const text = wordsOf(locale)['digest'] ?? { subject: '', lead: '', action: '' };
  const fill = (source: string) => handlebars.compile(source, { noEscape: true })({ count: mails.length });
  const items = mails.map((mail) => ({ words: renderMail(mail, baseUrl).subject, link: `${baseUrl}/tasks/${mail.params.task}` }));
  const view = { name, locale, items, link: `${baseUrl}/tasks`, subject: fill(text.subject), lead: fill(text.lead), action: text.action };
  return { subject: view.subject, html: template('notice.html.hbs')(view), body: template('notice.text.hbs')(view) };
}

export function renderMail(
  mail: Pick<QueuedMail, 'template' | 'params' | 'locale' | 'name'>,
  baseUrl: string,
  setUpToken?: string,
): { subject: string; html: string; body: string } {
  const text = wordsOf(mail.locale)[mail.template] ?? { subject: mail.template, lead: '', action: '' };
  const link =
    mail.template === 'set_up'
      ? `${baseUrl}/set-up/${setUpToken ?? '…'}`
      : mail.params.task
        ? `${baseUrl}/tasks/${mail.params.task}`
        : baseUrl;
  const fill = (source: string) => handlebars.compile(source, { noEscape: true })({ ...mail.params, name: mail.name });
  const view = {
    ...mail.params,
    name: mail.name,
    link,
    locale: mail.locale,
    subject: fill(text.subject),
    lead: fill(text.lead),
    action: text.action,
  };
  return { subject: view.subject, html: template('notice.html.hbs')(view), body: template('notice.text.hbs')(view) };
}
