/** The office's side of the register: entering an institution (入库登记), correcting its licence data, suspending, restoring and removing it. */
import { z } from 'zod';
import { moveInstitution, registerInstitution, saveLicence } from '../../db/institutions.ts';
import { getArchive, type InstitutionHead, listRegionChoices } from '../../db/views/institutions/institutions.ts';
import { ConflictError, NotAllowedError } from '../../workflows/domain/errors.ts';
import {
  creditGrades,
  type InstitutionAct,
  institutionActs,
  institutionKinds,
  institutionStatuses,
  keepsRegister,
} from '../../workflows/domain/institutions.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { actsFor, headView, institutionPath } from './head.ts';
import { ActForm, InstitutionParams, LicenceForm, RegisterForm } from './schemas.ts';

type FormContext = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 't' | 'locale'>;
type ParamsContext = Pick<Context<InstitutionParams, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
export type Redraw = { issues?: FieldIssue[]; entered?: Record<string, unknown>; stale?: boolean; status?: number };

export function registerRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/institutions/new',
    summary: 'Form for entering an institution on the register',
    tags: ['institutions'],
    access: ['catalogue_officer'],
    handle: (context) => registerForm(context),
  });

  route(counter, {
    method: 'post',
    path: '/institutions',
    summary: 'Enter an institution on the register of the own region; signed by the officer who sends it',
    tags: ['institutions'],
    access: ['catalogue_officer'],
    body: RegisterForm,
    response: z.object({ creditCode: z.string() }),
    creates: true,
    handle: async ({ db, vault, actor, body, request }) => {
      const { confirmed: _signed, ...entry } = body;
      const { creditCode } = await registerInstitution(db, vault, actor, entry, request);
      return redirect(institutionPath(creditCode), {
        json: { creditCode },
        status: 201,
        flash: { key: 'institutions.flash.registered', params: { name: body.name } },
      });
    },
    onInvalid: (context, issues, entered) => registerForm(context, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/edit',
    summary: 'Form of the licence data',
    tags: ['institutions'],
    access: ['catalogue_officer'],
    params: InstitutionParams,
    tagged: true,
    handle: async (context) => licenceForm(context, await openKept(context)),
  });

  route(counter, {
    method: 'post',
    path: '/institutions/:creditCode/edit',
    summary: 'Correct the licence data; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['institutions'],
    access: ['catalogue_officer'],
    params: InstitutionParams,
    body: LicenceForm,
    response: z.object({ creditCode: z.string(), version: z.number().int() }),
    guarded: true,
    handle: async (context) => {
      const { db, vault, actor, params, body, request, ifMatch, forPage } = context;
      try {
        const { version: given, ...entry } = body;
        const { version } = await saveLicence(db, vault, actor, params.creditCode, entry, { version: given ?? ifMatch, request });
        return redirect(institutionPath(params.creditCode), {
          json: { creditCode: params.creditCode, version },
          flash: 'institutions.flash.saved',
        });
      } catch (error) {
        if (!forPage || !isStale(error)) throw error;
        return licenceForm(context, await openKept(context), {
          stale: true,
          entered: context.req.body as Record<string, unknown>,
          status: 409,
        });
      }
    },
    onInvalid: async (context, issues, entered) => licenceForm(context, await openKept(context), { issues, entered }),
  });

  for (const act of institutionActs) actRoutes(counter, act);
}

const actSummaries: Record<InstitutionAct, string> = {
  suspend: 'Suspend an institution with a reason: it opens no new class until it is restored',
  restore: 'Put a suspended or removed institution back on the register, with a reason',
  remove: 'Take an institution off the public directory, with a reason; its archive stays',
};

function actRoutes(counter: Counter, act: InstitutionAct): void {
  const path = `/institutions/:creditCode/${act}`;
  route(counter, {
    method: 'get',
    path,
    summary: `Page to confirm: ${act}`,
    tags: ['institutions'],
    access: ['catalogue_officer'],
    params: InstitutionParams,
    handle: async (context) => {
      const head = await openKept(context);
      if (!actsFor(context.actor, head).includes(act)) throw new ConflictError('institution.notNow', { status: head.status });
      return actPage(context, head, act);
    },
  });
  route(counter, {
    method: 'post',
    path,
    summary: actSummaries[act],
    tags: ['institutions'],
    access: ['catalogue_officer'],
    params: InstitutionParams,
    body: ActForm,
    response: z.object({ creditCode: z.string(), status: z.enum(institutionStatuses), version: z.number().int() }),
    guarded: true,
    handle: async ({ db, actor, params, body, request, ifMatch }) => {
      const moved = await moveInstitution(db, actor, params.creditCode, {
        act,
        reason: body.reason,
        version: body.version ?? ifMatch,
        request,
      });
      return redirect(institutionPath(params.creditCode), {
        json: { creditCode: params.creditCode, ...moved },
        flash: `institutions.flash.${act}`,
      });
    },
    onInvalid: async (context, issues, entered) => actPage(context, await openKept(context), act, { issues, entered }),
  });
}

/** Only who keeps the register opens its forms. */
async function openKept({ db, actor, params }: Pick<ParamsContext, 'db' | 'actor' | 'params'>): Promise<InstitutionHead> {
  const head = await getArchive(db, actor, params.creditCode);
  if (!keepsRegister(actor, head.region_path)) throw new NotAllowedError('institution.notKept');
  return head;
}

export function isStale(error: unknown): boolean {
  return error instanceof ConflictError && error.code === 'form.stale';
}

/** The list above a form names its fields; «required» alone would not say which. */
export function named(issues: FieldIssue[] | undefined, t: FormContext['t']): FieldIssue[] | undefined {
  return issues?.map((issue) =>
    issue.field && ['required', 'chooseOne', 'tooFewItems'].includes(issue.code)
      ? { ...issue, message: `${t(`institutions.fields.${issue.field}`)}${t('common.colon')}${issue.message}` }
      : issue,
  );
}

async function registerForm({ db, actor, t, locale }: FormContext, redraw: Redraw = {}): Promise<Reply> {
  const kept = actor.grants.filter((grant) => grant.role === 'catalogue_officer').map((grant) => grant.path);
  const regions = await listRegionChoices(db, kept);
  const depth = Math.min(...regions.map((region) => region.path.split('/').length));
  return page(
    'institutions/form',
    {
      title: t('institutions.form.newTitle'),
      lead: t('institutions.form.newLead'),
      action: '/institutions',
      back: '/institutions',
      isNew: true,
      kinds: institutionKinds.map((value) => ({ value, label: t(`institutions.kind.${value}`) })),
      grades: gradesOf(t),
      regions: regions.map((region) => ({
        value: region.code,
        label: '　'.repeat(region.path.split('/').length - depth) + (locale === 'en' ? region.name_en : region.name_zh),
      })),
      saved: { creditGrade: 'B', ...(regions.length === 1 ? { region: regions[0]?.code } : {}) },
      ...drawn(redraw, t),
    },
    { nav: 'institutions', json: { regions: regions.map(({ code, name_zh: zh, name_en: en }) => ({ code, zh, en })) } },
  );
}

async function licenceForm({ t, locale }: FormContext, head: InstitutionHead, redraw: Redraw = {}): Promise<Reply> {
  const saved = {
    name: head.name,
    licenceScope: head.licence_scope.join('\n'),
    creditGrade: head.credit_grade,
    contact: head.contact ?? '',
  };
  const entered = redraw.entered ?? {};
  return page(
    'institutions/form',
    {
      ...headView(head, 'overview', { t, locale }),
      title: t('institutions.form.editTitle', { name: head.name }),
      lead: t('institutions.form.editLead'),
      action: `${institutionPath(head.credit_code)}/edit`,
      back: institutionPath(head.credit_code),
      fixed: `${head.credit_code}　${t(`institutions.kind.${head.kind}`)}　${locale === 'en' ? head.region_en : head.region_zh}`,
      grades: gradesOf(t),
      saved,
      phone: head.contact_phone_masked,
      version: redraw.stale ? head.version : (entered['version'] ?? head.version),
      stale: redraw.stale,
      theirs: redraw.stale ? theirsOf(saved, entered, t) : [],
      ...drawn(redraw, t),
    },
    {
      nav: 'institutions',
      ...(redraw.status ? { status: redraw.status } : {}),
      etag: String(head.version),
      json: { saved, version: head.version },
    },
  );
}

/** What a colleague saved while a form was open, field by field. */
export function theirsOf(saved: Record<string, unknown>, entered: Record<string, unknown>, t: FormContext['t']) {
  const text = (value: unknown): string => String((value ?? '') as string | number).replaceAll('\r', '');
  return Object.entries(saved)
    .filter(([field, value]) => text(entered[field]) !== text(value))
    .map(([field, value]) => ({
      label: t(`institutions.fields.${field}`),
      value: text(value).replaceAll('\n', t('common.listSeparator')) || '—',
    }));
}

/** `version` is drawn by the form itself, never from what was entered. */
export function drawn(
  redraw: Redraw,
  t: FormContext['t'],
): { issues: FieldIssue[] | undefined; entered: Record<string, unknown> | undefined } {
  const { version: _version, ...entered } = redraw.entered ?? {};
  return { issues: named(redraw.issues, t), entered: redraw.entered ? entered : undefined };
}

function gradesOf(t: FormContext['t']) {
  return creditGrades.map((value) => ({ value, label: t('institutions.gradeValue', { grade: value }) }));
}

async function actPage({ t, locale }: FormContext, head: InstitutionHead, act: InstitutionAct, redraw: Redraw = {}): Promise<Reply> {
  return page(
    'institutions/act',
    {
      ...headView(head, 'overview', { t, locale }),
      title: t(`institutions.act.${act}.title`),
      name: head.name,
      act,
      path: institutionPath(head.credit_code),
      lead: t(`institutions.act.${act}.lead`),
      warning: t(`institutions.act.${act}.warning`),
      confirm: t(`institutions.act.${act}.confirm`),
      danger: act !== 'restore',
      statusLabel: t(`institutions.status.${head.status}`),
      version: head.version,
      ...drawn(redraw, t),
    },
    { nav: 'institutions', json: { creditCode: head.credit_code, status: head.status, version: head.version } },
  );
}
