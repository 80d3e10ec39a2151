/** What teachers and venues (师资、场地) have in common: read by officers of the region, kept by the institution itself. What a class used is taken out of use, never deleted. */
import { z } from 'zod';
import { getArchive, type InstitutionHead } from '../../db/views/institutions/institutions.ts';
import { NotAllowedError } from '../../workflows/domain/errors.ts';
import type { Context } from '../http/routing.ts';
import { maintains } from './head.ts';
import type { InstitutionParams } from './schemas.ts';

export type FormContext = Pick<Context<InstitutionParams, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;

export const keepers = ['institution', 'assessor'] as const;
export const Saved = z.object({ no: z.number().int(), version: z.number().int() });

/** Only its own people open the forms, while it is on the register. */
export async function openOwn({ db, actor, params }: Pick<FormContext, 'db' | 'actor' | 'params'>): Promise<InstitutionHead> {
  const head = await getArchive(db, actor, params.creditCode);
  if (!maintains(actor, head)) throw new NotAllowedError('institution.notOwn');
  return head;
}

export function statesOf(t: FormContext['t'], what: 'teacher' | 'venue') {
  return [
    { value: '1', label: t('institutions.active'), hint: t(`institutions.${what}.activeHint`) },
    { value: '0', label: t('institutions.inactive'), hint: t(`institutions.${what}.inactiveHint`) },
  ];
}
