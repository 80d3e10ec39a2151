/** The form of a class: new, or of a draft, or of one returned for correction; drawn again with what was typed. */
import { getPolicyPack, packFor } from '../../db/catalogue/policy-packs.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import { type ClassHead, listChoices } from '../../db/views/classes/classes.ts';
import { type PolicyPack, rule } from '../../workflows/domain/policy/policy.ts';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { draftOf, formName } from '../drafts/page.ts';
import { datesIn } from '../pages/dates.ts';
import type { Translate } from '../pages/i18n.ts';
import { page, type Reply } from '../http/replies.ts';
import type { Context } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';

type FormContext = Pick<Context<unknown, unknown, unknown>, 'db' | 'vault' | 'actor' | 't' | 'locale'>;
export type FormRedraw = { issues?: FieldIssue[]; entered?: Record<string, unknown>; stale?: boolean; status?: number };

const fields = ['projectId', 'title', 'plan', 'startDate', 'endDate', 'venueId', 'assessorId'] as const;

/** The part of a correction to which a field belongs; the project is fixed once the class is submitted. */
const partOfField = {
  projectId: 'plan',
  title: 'plan',
  plan: 'plan',
  startDate: 'dates',
  endDate: 'dates',
  venueId: 'venue',
  assessorId: 'assessor',
} as const satisfies Record<(typeof fields)[number], string>;

export async function classForm({ db, vault, actor, t, locale }: FormContext, head?: ClassHead, given: FormRedraw = {}): Promise<Reply> {
  const choices = await listChoices(db, actor.institutionId ?? '');
  const path = actor.grants.find((grant) => grant.role === 'institution')?.path ?? '';
  const pack = head ? await getPolicyPack(db, head.pack_id) : await packFor(db, path, await businessToday(db));
  const options = {
    projectId: choices.projects.map((project) => ({
      value: project.id,
      label: project.in_scope
        ? t('classes.projectOption', { name: project.name, hours: project.hours_min })
        : t('classes.projectOutside', { name: project.name }),
    })),
    venueId: choices.venues.map((venue) => ({
      value: venue.id,
      label: t('classes.venueOption', { name: venue.name, capacity: venue.capacity }),
    })),
    assessorId: choices.assessors.map((assessor) => ({ value: assessor.id, label: assessor.name })),
  };
  const saved = savedOf(head);
  const draft = await draftOf({ db, vault, actor }, formName(head?.number), saved);
  // What was refused a moment ago is newer than what was kept.
  const redraw = given.entered || !draft.entered ? given : { ...given, entered: draft.entered };
  const restored = redraw === given ? undefined : draft.restored;
  const opened = head && (await findOpenedOf(db, head));
  const isLocked = (field: (typeof fields)[number]): boolean => opened !== undefined && !isOpen(opened, { kind: partOfField[field] });
  const { version: _version, ...entered } = redraw.entered ?? {};
  return page(
    'classes/form',
    {
      title: head ? t('classes.form.editTitle', { title: head.title }) : t('classes.form.newTitle'),
      number: head?.number,
      saved,
      draft: { keep: draft.keep, restored },
      // After a conflict the next saving is meant to replace what is there now.
      version: redraw.stale ? head?.version : (redraw.entered?.['version'] ?? head?.version),
      action: head ? `/classes/${head.number}/edit` : '/classes',
      back: head ? `/classes/${head.number}` : '/classes',
      opened,
      locked: Object.fromEntries(fields.map((field) => [field, isLocked(field)])),
      allLocked: opened !== undefined && fields.every(isLocked),
      shown: {
        venueId: head?.venue,
        assessorId: head?.assessor,
        startDate: head?.start_date && datesIn(locale).date(head.start_date),
        endDate: head?.end_date && datesIn(locale).date(head.end_date),
      },
      projectFixed: head !== undefined && head.status !== 'draft',
      project: head?.project,
      projects: options.projectId,
      venues: options.venueId,
      assessors: options.assessorId,
      pack: pack.id,
      rules: rulesOf(pack, t),
      stale: redraw.stale,
      // What a colleague saved while this form was open, field by field.
      theirs: redraw.stale
        ? fields
            .filter((field) => String(entered[field] ?? '') !== String(saved[field] ?? ''))
            .map((field) => ({ label: t(`classes.fields.${field}`), value: labelOf(options, field, saved[field]) }))
        : [],
      // The list above the form names fields; «required» alone would not say which.
      issues: redraw.issues?.map((issue) =>
        issue.code === 'required' && issue.field
          ? { ...issue, message: `${t(`classes.fields.${issue.field}`)}${t('common.colon')}${issue.message}` }
          : issue,
      ),
      entered: redraw.entered ? entered : undefined,
    },
    { nav: 'classes', ...(redraw.status ? { status: redraw.status } : {}), json: { ...choices, saved, version: head?.version ?? null } },
  );
}

/** What the pack asks of every class, each with its source. */
function rulesOf(pack: PolicyPack, t: Translate) {
  const age = rule(pack, 'age');
  const entries = [
    ['lead', 'schedule.classApplicationLeadWorkingDays', { n: rule(pack, 'schedule.classApplicationLeadWorkingDays') }],
    ['hours', 'hours.certificateMin', { certificate: rule(pack, 'hours.certificateMin'), ability: rule(pack, 'hours.singleAbilityMin') }],
    ['share', 'hours.theoryMinPercent', { theory: rule(pack, 'hours.theoryMinPercent'), practice: rule(pack, 'hours.practiceMinPercent') }],
    ['age', 'age', { min: age.min, male: age.maleBelow, female: age.femaleBelow }],
    ['people', 'class.maxTrainees', { max: rule(pack, 'class.maxTrainees') }],
  ] as const;
  return entries.map(([name, key, params]) => ({
    label: t(`classes.form.rule.${name}`),
    value: t(`classes.form.rule.${name}Value`, params),
    detail: pack.values[key].sourced ? pack.values[key].source : t('classes.form.assumed'),
  }));
}

function savedOf(head: ClassHead | undefined): Partial<Record<(typeof fields)[number], string>> {
  if (!head) return {};
  return {
    projectId: head.project_id,
    title: head.title,
    plan: head.plan,
    startDate: head.start_date ?? '',
    endDate: head.end_date ?? '',
    venueId: head.venue_id ?? '',
    assessorId: head.assessor_id ?? '',
  };
}

function labelOf(options: Record<string, { value: string; label: string }[]>, field: string, value: string | undefined): string {
  return options[field]?.find((option) => option.value === value)?.label ?? (value || '—');
}
