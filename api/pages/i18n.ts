/**
 * Words in the reader's language. Every file `templates/locales/<locale>/<noun>.json` is a namespace: key `title` of
 * `tasks.json` is `t('tasks.title')`. zh-CN is the default and the fallback; Accept-Language is not looked at, so that an
 * office sees the same language on every machine. Order: `?lang=`, cookie `lang`, the user's own setting, zh-CN.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import i18next, { type i18n, type Resource } from 'i18next';
import { templatesFolder } from './assets.ts';
import { datesIn } from './dates.ts';

export const locales = ['zh-CN', 'en'] as const;
export type Locale = (typeof locales)[number];
/** Words for a key; `params` fill `{{name}}` and, as `count`, choose the plural. A key without words comes back as itself. */
export type Translate = (key: string, params?: Record<string, unknown>) => string;
export type Words = {
  translator: (locale: Locale) => Translate;
  /** Whether there are words for the key (in the default language). */
  has: (key: string) => boolean;
  /** Which parameters the words of a key name, in any language. */
  namesIn: (key: string) => ReadonlySet<string>;
};

/** Reads all locale files once. Throws when a file is no valid JSON, naming it. */
export function loadWords(): Words {
  const instance: i18n = i18next.createInstance();
  void instance.init({
    lng: 'zh-CN',
    fallbackLng: 'zh-CN',
    supportedLngs: [...locales],
    initAsync: false,
    resources: readResources(),
    // Handlebars escapes what is printed
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  // {{from, day}} in a sentence: the civil date as it is written everywhere
  instance.services.formatter?.add('day', (value: unknown, locale) => datesIn(toLocale(locale) ?? 'zh-CN').date(value));
  // {{open, parts}}: the parts of a correction that are open, as codes with the seat or kind that each is about
  instance.services.formatter?.add('parts', (value: unknown, locale) => {
    const t = instance.getFixedT(toLocale(locale) ?? 'zh-CN');
    const named = String(value)
      .split(',')
      .map((part) => part.split('#'));
    return named.map(([part, about]) => t(`corrections.open.${part}`, { about })).join(t('common.listSeparator'));
  });
  const fixed = new Map<Locale, Translate>();
  for (const locale of locales) {
    const t = instance.getFixedT(locale);
    fixed.set(
      locale,
      remembered((key, params) => String(params ? t(key, params) : t(key))),
    );
  }
  const known = new Map<string, boolean>();
  const names = (key: string): string[] =>
    locales.flatMap((lng) =>
      [...String(instance.t(key, { lng, skipInterpolation: true })).matchAll(/\{\{-?\s*(\w+)/g)].map(([, name = '']) => name),
    );
  return {
    namesIn: (key) => new Set([...names(key), ...(instance.exists(`${key}_other`, { lng: 'en' }) ? ['count', 'n'] : [])]),
    translator: (locale) => fixed.get(locale) ?? ((key) => key),
    has: (key) => {
      let has = known.get(key);
      if (has === undefined) {
        has = instance.exists(key, { lng: 'zh-CN' });
        if (known.size < REMEMBERED_AT_MOST) known.set(key, has);
      }
      return has;
    },
  };
}

const REMEMBERED_AT_MOST = 5_000;

/** Words never change while the program runs: a key is looked up once, with a count or other number once per number. A list says the same few sentences fifty times. */
function remembered(translate: Translate): Translate {
  const plain = new Map<string, string>();
  const counted = new Map<string, string>();
  return (key, params) => {
    const numbers = params === undefined ? '' : numbersOf(params);
    if (numbers === undefined) return translate(key, params);
    const memory = params === undefined ? plain : counted;
    const at = numbers + key;
    let words = memory.get(at);
    if (words === undefined) {
      words = translate(key, params);
      if (memory.size < REMEMBERED_AT_MOST) memory.set(at, words);
    }
    return words;
  };
}

/** `day=3 of=5 `, or undefined when a parameter is anything but a number: names and reasons are not kept in memory. */
function numbersOf(params: Record<string, unknown>): string | undefined {
  let text = '';
  for (const name in params) {
    const value = params[name];
    if (typeof value !== 'number') return undefined;
    text += `${name}=${value} `;
  }
  return text;
}

/** The locale named by a text from outside, or undefined. */
export function toLocale(text: unknown): Locale | undefined {
  return locales.find((locale) => locale === text);
}

function readResources(): Resource {
  const resources: Resource = {};
  for (const locale of locales) {
    const folder = join(templatesFolder(), 'locales', locale);
    const nouns: Record<string, Record<string, unknown>> = {};
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      try {
        nouns[basename(file, '.json')] = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
      } catch (error) {
        throw new Error(`templates/locales/${locale}/${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    resources[locale] = { translation: nouns };
  }
  return resources;
}
