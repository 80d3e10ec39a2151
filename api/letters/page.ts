/** A letter as its page shows it: the sources in their fields, a preview with made-up data, the versions. */
import type { getLetter, LetterKey } from '../../db/correspondence/letter-versions.ts';
import { letterField, letterParts } from '../../db/correspondence/letter-versions.ts';
import { exampleOf, type Letter, type LetterLocale, letterLocales, type Letters, placeholdersOf } from '../../db/correspondence/letters.ts';
import type { ApiConfig } from '../config.ts';
import type { FieldIssue } from '../http/validation.ts';
import type { Translate } from '../pages/i18n.ts';

export type Redraw = {
  /** The version that is shown; absent: the one in force. */
  version?: number | undefined;
  issues?: FieldIssue[];
  entered?: Record<string, unknown>;
  /** What was entered and is sound: the preview shows it. */
  draft?: Letters;
  stale?: boolean;
  status?: number;
};

type Draft = Record<'zhSubject' | 'zhHtml' | 'zhText' | 'enSubject' | 'enHtml' | 'enText', string>;

export function draftOf(body: Draft): Letters {
  return {
    'zh-CN': { subject: body.zhSubject, html: body.zhHtml, text: body.zhText },
    en: { subject: body.enSubject, html: body.enHtml, text: body.enText },
  };
}

export function letterPath({ channel, name }: LetterKey): string {
  return `/admin/letters/${channel}/${name}`;
}

export function previewsOf(key: LetterKey, letters: Letters, config: Pick<ApiConfig, 'publicUrl' | 'port'>): Letters {
  const baseUrl = config.publicUrl ?? `http://localhost:${config.port}`;
  const of = (locale: LetterLocale): Letter => {
    const { subject, html, body } = exampleOf(key, letters[locale], locale, baseUrl);
    return { subject, html, text: body };
  };
  return { 'zh-CN': of('zh-CN'), en: of('en') };
}

type Found = Awaited<ReturnType<typeof getLetter>>;

export function letterView(key: LetterKey, found: Found, redraw: Redraw, { config, t }: { config: ApiConfig; t: Translate }) {
  const { channel, name } = key;
  const placeholders = placeholdersOf(channel, name);
  const previews = previewsOf(key, redraw.draft ?? found.letters, config);
  const earlier = found.version !== found.current;
  const versionLabel = (version: number): string => (version === 0 ? t('letters.shipped') : t('letters.versionOf', { version }));
  const view = {
    title: t(`letters.names.${channel}.${name}`),
    lead: `${t(channel === 'sms' ? 'letters.sms' : 'letters.mails')} · ${versionLabel(found.version)}`,
    action: letterPath(key),
    sms: channel === 'sms',
    earlier,
    shown: found.version,
    version: redraw.stale ? found.current : (redraw.entered?.['version'] ?? found.current),
    stale: redraw.stale,
    draft: redraw.draft !== undefined,
    may: placeholders.may.map((one) => ({
      name: `{{${one}}}`,
      label: t(`letters.placeholders.${one}`),
      must: placeholders.must.includes(one),
    })),
    languages: letterLocales.map((locale) => ({
      locale,
      label: t(`letters.languages.${locale}`),
      preview: previews[locale],
      fields: letterParts(channel).map((part) => ({
        name: letterField(locale, part),
        label: t('letters.partOf', {
          part: t(`letters.parts.${channel === 'sms' ? 'sms' : part}`),
          language: t(`letters.languages.${locale}`),
        }),
        type: part === 'subject' ? 'text' : 'textarea',
        rows: part === 'html' ? 12 : channel === 'sms' ? 3 : 9,
        value: found.letters[locale][part],
      })),
    })),
    history: [...found.history, { version: 0, reason: t('letters.shippedReason'), author: '', at: undefined, restores: null }].map(
      (line) => ({
        ...line,
        label: versionLabel(line.version),
        href: `${letterPath(key)}?version=${line.version}`,
        inForce: line.version === found.current,
        back: line.restores === null ? '' : t('letters.restores', { version: line.restores }),
      }),
    ),
    issues: redraw.issues,
    entered: redraw.entered,
  };
  const json = {
    channel,
    name,
    version: found.version,
    current: found.current,
    placeholders,
    letters: found.letters,
    previews,
    history: found.history.map(({ at, ...line }) => ({ ...line, at: at.toISOString() })),
  };
  return { view, json };
}
