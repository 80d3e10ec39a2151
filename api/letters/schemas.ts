/** What the letters of the office take and answer. */
import { z } from 'zod';
import { reasonField, withoutPersonalNumbers } from '../http/fields.ts';

const channels = ['mail', 'sms'] as const;

export const LetterParams = z.object({ channel: z.enum(channels), name: z.string().regex(/^[a-z_]{1,40}$/) });
export const VersionParams = LetterParams.extend({ version: z.coerce.number().int().min(0).max(1_000_000) });
export const LetterQuery = z.object({ version: z.coerce.number().int().min(0).max(1_000_000).optional() });

/** Browsers end lines with two signs. */
const source = (max: number) =>
  z
    .string()
    .max(max)
    .superRefine(withoutPersonalNumbers())
    .transform((text) => text.replace(/\r\n?/g, '\n'))
    .default('');
const Version = z.coerce.number().int().optional();

/** A short message has texts only. */
const sources = {
  zhSubject: source(200),
  zhHtml: source(20_000),
  zhText: source(8_000),
  enSubject: source(200),
  enHtml: source(20_000),
  enText: source(8_000),
};

export const LetterForm = z.object({ ...sources, reason: reasonField, version: Version }).meta({ id: 'LetterForm' });
export const LetterDraft = z.object(sources).meta({ id: 'LetterDraft' });
export const RestoreForm = z.object({ reason: reasonField, version: Version }).meta({ id: 'LetterRestore' });

const Letter = z.object({ subject: z.string(), html: z.string(), text: z.string() });
const InBothLanguages = z.object({ 'zh-CN': Letter, en: Letter });

export const LetterList = z.object({
  letters: z.array(z.object({ channel: z.enum(channels), name: z.string(), version: z.number().int(), href: z.string() })),
});
export const Previews = z.object({ previews: InBothLanguages });
export const LetterOnPaper = z
  .object({
    channel: z.enum(channels),
    name: z.string(),
    /** The one shown; 0 is what is shipped. */
    version: z.number().int(),
    /** The one in force. */
    current: z.number().int(),
    placeholders: z.object({ may: z.array(z.string()), must: z.array(z.string()) }),
    letters: InBothLanguages,
    previews: InBothLanguages,
    history: z.array(
      z.object({
        version: z.number().int(),
        reason: z.string(),
        author: z.string(),
        at: z.string(),
        restores: z.number().int().nullable(),
      }),
    ),
  })
  .meta({ id: 'LetterOnPaper' });
export const LetterSaved = z.object({ version: z.number().int() });
