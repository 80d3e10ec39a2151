/** Server-rendered pages: Handlebars templates with layout and partials, words and figures in the reader's language. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import Handlebars, { type HelperOptions } from 'handlebars';
import type { Knex } from 'knex';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import type { DemoAccount } from '../../db/accounts/users.ts';
import type { Filling } from '../../db/demonstration/filling.ts';
import { type Assets, templatesFolder } from './assets.ts';
import type { ApiConfig } from '../config.ts';
import { datesIn } from './dates.ts';
import type { Locale, Translate, Words } from './i18n.ts';
import { homeOf, navigationFor, workplaceLabel } from './navigation.ts';
import type { PageOptions, ShownFlash, View } from '../http/replies.ts';
import type { FieldIssue } from '../http/validation.ts';
import { visitOf } from '../http/visit.ts';

export type Renderer = {
  page(req: Request, template: string, view: View, options: PageOptions & { flash?: ShownFlash | undefined }): Promise<string>;
};

/** What every page shows besides its own content; read once per page. */
export type Surroundings = {
  businessTime: Date | undefined;
  /** The filling of a demonstration province that is under way. */
  filling: Filling | undefined;
  demoAccounts: readonly DemoAccount[];
  counts: Record<string, number>;
};

export type RendererDeps = {
  config: ApiConfig;
  words: Words;
  assets: Assets;
  db: Knex;
  surroundings: (req: Request) => Promise<Surroundings>;
};

export function createRenderer({ config, words, assets, surroundings }: RendererDeps): Renderer {
  const folder = templatesFolder();
  const engines = new Map<Locale, typeof Handlebars>();
  const compiled = new Map<string, Handlebars.TemplateDelegate>();

  function engineFor(locale: Locale): typeof Handlebars {
    let engine = engines.get(locale);
    if (!engine || config.reload) {
      engine = Handlebars.create();
      registerHelpers(engine, locale, words.translator(locale));
      for (const file of readdirSync(join(folder, 'partials'), { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.hbs'))) {
        engine.registerPartial(file.replace(/\.hbs$/, '').replaceAll('\\', '/'), readFileSync(join(folder, 'partials', file), 'utf8'));
      }
      for (const noun of readdirSync(folder, { withFileTypes: true }).filter(
        (entry) => entry.isDirectory() && !['layouts', 'partials', 'public', 'locales', 'mail'].includes(entry.name),
      )) {
        for (const file of readdirSync(join(folder, noun.name)).filter((name) => name.endsWith('.hbs'))) {
          engine.registerPartial(`${noun.name}/${basename(file, '.hbs')}`, readFileSync(join(folder, noun.name, file), 'utf8'));
        }
      }
      engines.set(locale, engine);
    }
    return engine;
  }

  function template(locale: Locale, name: string): Handlebars.TemplateDelegate {
    const key = `${locale}:${name}`;
    let ready = compiled.get(key);
    if (!ready || config.reload) {
      const path = join(folder, `${name}.hbs`);
      if (!existsSync(path)) throw new Error(`no template ${name}`);
      ready = engineFor(locale).compile(readFileSync(path, 'utf8'), { preventIndent: true });
      compiled.set(key, ready);
    }
    return ready;
  }

  return {
    async page(req, name, view, options) {
      const visit = visitOf(req);
      const { locale, t, session } = visit;
      const around =
        options.layout === 'paper' || options.layout === 'frame'
          ? { businessTime: undefined, filling: undefined, demoAccounts: [], counts: {} }
          : await surroundings(req);
      const otherLocale: Locale = locale === 'en' ? 'zh-CN' : 'en';
      const page = {
        title: view['pageTitle'] ?? view['title'] ?? t(`${name.replace('/', '.')}.title`),
        locale,
        otherLocale,
        langHref: withLanguage(req, otherLocale),
        redrawn: options.redrawn && { action: withLanguage(req, otherLocale), ...options.redrawn },
        nonce: visit.nonce,
        csrfToken: session?.csrfToken,
        path: req.path,
        user: session && {
          name: session.actor.name,
          home: homeOf(session.actor),
          roleLabel: roleLabel(session.actor.grants, t),
          unreadNotices: around.counts['notices'] ?? 0,
          workplaceLabel: workplaceLabel(session.workplace, locale),
        },
        nav: session
          ? navigationFor(session.actor, options.nav ?? req.path, t, around.counts)
          : navigationFor(undefined, options.nav ?? req.path, t, {}),
        demo: config.demo,
        demoAccounts: around.demoAccounts.map((account) => ({
          login: account.login,
          name: account.name,
          roleLabel: t(`common.roles.${account.role}`),
          workplaceLabel: workplaceLabel(account.workplace, locale),
          current: account.login === session?.actor.login,
        })),
        businessTime: around.businessTime,
        filling: around.filling,
        flash: options.flash,
        refreshSeconds: options.refreshSeconds,
        stylesheet: assets.stylesheet,
        script: assets.script,
        ...visit.preferences,
        large: visit.preferences.largeText,
      };
      const draw = (issues: readonly FieldIssue[] | undefined) => {
        const context = { ...view, page, issues, entered: view['entered'] };
        const data = { page, issues: issues ?? [], entered: context.entered ?? {} };
        return { context, data, body: template(locale, name)(context, { data }) };
      };
      const issues = view['issues'] as FieldIssue[] | undefined;
      const first = draw(issues);
      // The summary stands before the form whose labels it repeats.
      const { context, data, body } = issues && issues.length > 0 ? draw(withLabels(issues, first.body, name, words, t)) : first;
      return template(locale, `layouts/${options.layout ?? 'page'}`)({ ...context, body }, { data });
    },
  };
}

/**
 * The field's name, as its form has it, before words that fit any field («必填») and before those that several fields share; words of a field's own say
 * it themselves.
 */
function withLabels(issues: readonly FieldIssue[], form: string, template: string, words: Words, t: Translate) {
  return issues.map((issue) => {
    const shared = issues.some((other) => other.field !== issue.field && other.message === issue.message);
    const label = !issue.code.includes('.') || shared ? (labelIn(form, issue.field) ?? nameOf(issue, template, words, t)) : '';
    return { ...issue, label };
  });
}

/** What stands on the label of a field, as it was drawn. */
function labelIn(form: string, field: string): Handlebars.SafeString | undefined {
  const at = form.indexOf(` for="f-${Handlebars.escapeExpression(field)}"`);
  const [, text] = at === -1 ? [] : (/^[^>]*>([^<]+)/.exec(form.slice(at)) ?? []);
  return text?.trim() ? new Handlebars.SafeString(text.trim()) : undefined;
}

/** Of a field without a label of its own, as a group of choices. */
function nameOf({ field }: FieldIssue, template: string, words: Words, t: Translate): string {
  const ofForm = `errors.fieldsOf.${template.split('/')[0]}`;
  const name = field.split('.').at(-1);
  const key = [`${ofForm}.${field}`, `${ofForm}.${name}`, `errors.fields.${name}`].find((known) => words.has(known));
  return key === undefined ? '' : t(key);
}

function roleLabel(grants: readonly { role: string }[], t: Translate): string {
  return [...new Set(grants.map((grant) => grant.role))].map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator'));
}

function withLanguage(req: Request, locale: Locale): string {
  const url = new URL(req.originalUrl, 'http://localhost');
  if (req.method !== 'GET') url.search = '';
  url.searchParams.set('lang', locale);
  return `${url.pathname}${url.search}`;
}

type Data = { page: { csrfToken?: string }; issues: FieldIssue[]; entered: Record<string, unknown> };

function registerHelpers(engine: typeof Handlebars, locale: Locale, t: Translate): void {
  const numbers = new Intl.NumberFormat(locale);
  const dataOf = (options: HelperOptions): Data => options.data as { root?: Data } & Data as Data;

  const formats: Record<string, (value: unknown) => unknown> = {
    ...datesIn(locale),
    money: (fen: unknown) => (fen === null || fen === undefined || fen === '' ? '' : formatYuan(Number(fen))),
    number: (value: unknown) => (value === null || value === undefined ? '' : numbers.format(Number(value))),
    percent: (value: unknown) => `${Number(value ?? 0)}%`,
  };
  for (const [name, format] of Object.entries(formats)) engine.registerHelper(name, orField(name, format));
  engine.registerHelper({
    t: (key: unknown, options: HelperOptions) => t(String(key), options.hash),
    eq: (a: unknown, b: unknown) => a === b,
    and: (...values: unknown[]) => values.slice(0, -1).every(Boolean),
    or: (...values: unknown[]) => values.slice(0, -1).find(Boolean) ?? false,
    not: (value: unknown) => !value,
    concat: (...values: unknown[]) => values.slice(0, -1).join(''),
    issueFor: (field: unknown, options: HelperOptions) => dataOf(options).issues.find((issue) => issue.field === field)?.message ?? '',
    enteredOr: (field: unknown, fallback: unknown, options: HelperOptions) => {
      const entered = lookUp(dataOf(options).entered, String(field));
      return entered ?? (fallback === undefined || fallback === null ? '' : fallback);
    },
    option: (value: unknown, current: unknown) => new engine.SafeString(String(value ?? '') === String(current ?? '') ? ' selected' : ''),
    csrf: (options: HelperOptions) => {
      const token = dataOf(options).page.csrfToken;
      return token ? new engine.SafeString(`<input type="hidden" name="_csrf" value="${engine.escapeExpression(token)}">`) : '';
    },
    idempotencyKey: () => new engine.SafeString(`<input type="hidden" name="idempotencyKey" value="${randomUUID()}">`),
  });
}

/** `{{number}}` without an argument prints the view's own field: a helper hides none that is called number, date or percent. */
function orField(name: string, format: (value: unknown) => unknown) {
  return function (this: Record<string, unknown> | undefined, ...args: unknown[]): unknown {
    return args.length === 1 ? this?.[name] : format(args[0]);
  };
}

/** `sessions.0.day` in what was entered, nested or flat. */
function lookUp(entered: Record<string, unknown>, field: string): unknown {
  if (field in entered) return entered[field];
  let value: unknown = entered;
  for (const part of field.split('.')) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
