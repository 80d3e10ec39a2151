/** The form of a class: new, or of a draft, or of one returned for correction; drawn again with what was typed. */
import { type ClassHead, listChoices } from '../../db/views/classes.ts';
import { page, type Reply } from '../replies.ts';
import type { Context } from '../routing.ts';
import type { FieldIssue } from '../validation.ts';

type FormContext = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 't'>;
export type FormRedraw = { issues?: FieldIssue[]; entered?: Record<string, unknown>; stale?: boolean; status?: number };

const fields = ['projectId', 'title', 'plan', 'startDate', 'endDate', 'venueId', 'assessorId'] as const;

export async function classForm({ db, actor, t }: FormContext, head?: ClassHead, redraw: FormRedraw = {}): Promise<Reply> {
  const choices = await listChoices(db, actor.institutionId ?? '');
  const options = {
    projectId: choices.projects.map((project) => ({ value: project.id, label: project.in_scope ? t('classes.projectOption', { name: project.name, hours: project.hours_min }) : t('classes.projectOutside', { name: project.name }) })),
    venueId: choices.venues.map((venue) => ({ value: venue.id, label: t('classes.venueOption', { name: venue.name, capacity: venue.capacity }) })),
    assessorId: choices.assessors.map((assessor) => ({ value: assessor.id, label: assessor.name })),
  };
  const saved = savedOf(head);
  const { version: _version, ...entered } = redraw.entered ?? {};
  return page(
    'classes/form',
    {
      title: head ? t('classes.form.editTitle', { title: head.title }) : t('classes.form.newTitle'),
      number: head?.number,
      saved,
      // After a conflict the next saving is meant to replace what is there now.
      version: redraw.stale ? head?.version : (redraw.entered?.['version'] ?? head?.version),
      action: head ? `/classes/${head.number}/edit` : '/classes',
      back: head ? `/classes/${head.number}` : '/classes',
      projectFixed: head !== undefined && head.status !== 'draft',
      project: head?.project,
      projects: options.projectId,
      venues: options.venueId,
      assessors: options.assessorId,
      stale: redraw.stale,
      // What a colleague saved while this form was open, field by field.
      theirs: redraw.stale
        ? fields
            .filter((field) => String(entered[field] ?? '') !== String(saved[field] ?? ''))
            .map((field) => ({ label: t(`classes.fields.${field}`), value: labelOf(options, field, saved[field]) }))
        : [],
      issues: redraw.issues,
      entered: redraw.entered ? entered : undefined,
    },
    { nav: 'classes', ...(redraw.status ? { status: redraw.status } : {}), json: { ...choices, saved, version: head?.version ?? null } },
  );
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
