/** Rosters as files: an empty one to fill in, the present one to take along, and made-up ones to try things with. */
import { z } from 'zod';
import { businessToday } from '../../db/calendar/instant.ts';
import { writeCsv } from '../../db/formats/csv.ts';
import { rosterCsvTemplate, rosterTemplate } from '../../db/formats/roster-file.ts';
import { cleanRoster, cleanRosterCsv, faultyRoster } from '../../db/formats/sample-rosters.ts';
import { writeXlsx } from '../../db/formats/xlsx-writer.ts';
import { takeRosterAlong } from '../../db/roster/roster.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { ClassParams } from '../classes/schemas.ts';
import { file, mediaTypes, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { rosterLineView } from './page.ts';

const XLSX = mediaTypes.xlsx;

export function rosterFileRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/roster-template.xlsx',
    summary: 'An empty roster to fill in',
    tags: ['roster'],
    access: 'public',
    file: ['xlsx'],
    handle: async ({ db, t, locale }) =>
      file(await rosterTemplate({ locale, t, today: await businessToday(db) }), { name: t('roster.templateName'), type: XLSX }),
  });

  route(counter, {
    method: 'get',
    path: '/roster-template.csv',
    summary: 'An empty roster as CSV: a line of hints with the groups allowed, and the headings',
    tags: ['roster'],
    access: 'public',
    file: ['csv'],
    handle: async ({ db, t, locale }) =>
      file(rosterCsvTemplate({ locale, t, today: await businessToday(db) }), {
        name: t('roster.templateName').replace(/xlsx$/, 'csv'),
        type: mediaTypes.csv,
      }),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/roster.xlsx',
    summary: 'The roster as its institution may take it along: names, masked numbers, verdicts, amounts; taking it is on record',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    file: ['xlsx'],
    handle: async (context) => takeAlong(context, 'xlsx'),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/roster.csv',
    summary: 'The same as CSV',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    file: ['csv'],
    handle: async (context) => takeAlong(context, 'csv'),
  });

  sampleRoutes(counter);
}

type Along = Pick<Context<z.output<typeof ClassParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale' | 'deps'>;

async function takeAlong({ db, actor, params, t, locale, deps }: Along, format: 'xlsx' | 'csv'): Promise<Reply> {
  const lines = await takeRosterAlong(db, actor, params.number, format);
  const columns = ['seat', 'name', 'idNumber', 'phone', 'group', 'bank', 'account', 'state', 'verdict', 'amountYuan'] as const;
  const rows = lines.map((line) => {
    const { seat, name, idMasked, phone, group, bank, account, statusLabel, judged, eligible, findings, amountFen } = rosterLineView(line, {
      t,
      locale,
      words: deps.words,
    });
    const verdict = judged ? t(eligible ? 'roster.eligible' : 'roster.ineligible') : t('roster.notJudged');
    const told = [verdict, ...findings.map((finding) => finding.text)].join(t('roster.errorSeparator'));
    const amount = amountFen === null ? '' : (amountFen / 100).toFixed(2);
    return [String(seat), name, idMasked, phone, group, bank, account, statusLabel, told, amount];
  });
  const table = [columns.map((column) => t(`roster.fields.${column}`)), ...rows];
  const name = t('roster.alongName', { number: params.number, format });
  if (format === 'csv') return file(writeCsv(table), { name, type: mediaTypes.csv });
  return file(await writeXlsx([{ name: t('roster.sheet'), rows: table, widths: [8, 14, 24, 16, 24, 20, 16, 10, 40, 14] }]), {
    name,
    type: XLSX,
  });
}

const SampleQuery = z.object({
  n: z.coerce.number().int().min(1).max(500).default(30),
  seed: z.coerce.number().int().min(1).max(999_999).default(1),
});

/** Made-up rosters to try things with; on demonstration data only. */
function sampleRoutes(counter: Counter): void {
  const onlyDemo = (): void => {
    if (!counter.deps.config.demo) throw new NotFoundError('page');
  };
  route(counter, {
    method: 'get',
    path: '/demo/roster-clean.xlsx',
    summary: 'A made-up roster without fault (demonstration)',
    file: ['xlsx'],
    tags: ['demonstration'],
    access: 'public',
    query: SampleQuery,
    handle: async ({ query, t }) => {
      onlyDemo();
      return file(await cleanRoster(query.n, query.seed), { name: t('roster.sampleName', { n: query.n }), type: XLSX });
    },
  });
  route(counter, {
    method: 'get',
    path: '/demo/roster-clean.csv',
    summary: 'A made-up roster without fault as CSV in GB 18030 (demonstration)',
    file: ['csvGb18030'],
    tags: ['demonstration'],
    access: 'public',
    query: SampleQuery,
    handle: ({ query, t }) => {
      onlyDemo();
      return file(cleanRosterCsv(query.n, query.seed, 'gb18030'), {
        name: t('roster.sampleName', { n: query.n }).replace(/xlsx$/, 'csv'),
        type: mediaTypes.csvGb18030,
      });
    },
  });
  route(counter, {
    method: 'get',
    path: '/demo/roster-faulty.xlsx',
    summary: 'A made-up roster with eight planted errors (demonstration)',
    file: ['xlsx'],
    tags: ['demonstration'],
    access: 'public',
    handle: async ({ t }) => {
      onlyDemo();
      return file(await faultyRoster(), { name: t('roster.faultyName'), type: XLSX });
    },
  });
}
