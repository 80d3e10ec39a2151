import { z } from 'zod';
import { classNumberForm } from '../../workflows/domain/formats/numbers.ts';
import { emptyAsAbsent, freeText, line, searchWords } from '../http/fields.ts';
import { isCreditCode, isMobilePhone, isPersonName, normaliseNumber } from '../../workflows/domain/people/identity.ts';
import { creditGrades, institutionKinds, institutionStatuses, readOccupations } from '../../workflows/domain/institutions.ts';
import { classStatuses } from '../../workflows/domain/classes/class.ts';

const codeForm = /^[0-9A-HJ-NPQRTUWXY]{18}$/;

/** The unified credit code is the public key of an institution. Anything else is no institution. */
export const InstitutionParams = z.object({ creditCode: z.string().regex(codeForm) });
export type InstitutionParams = z.output<typeof InstitutionParams>;
/** With the number of a teacher or venue on the register. */
export const MeansParams = InstitutionParams.extend({ no: z.coerce.number().int().min(1).max(2_147_483_647) });

export const InstitutionQuery = z.object({
  q: searchWords(100, { creditCodes: true }),
  kind: z.enum(institutionKinds).optional().or(emptyAsAbsent),
  status: z.enum(institutionStatuses).optional().or(emptyAsAbsent),
  region: z
    .string()
    .regex(/^\d{6,12}$/)
    .optional()
    .or(emptyAsAbsent),
  after: z.string().regex(codeForm).optional().or(emptyAsAbsent),
  /** What the public sees, also for those who see more. */
  view: z.literal('public').optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(100).default(25),
});
export type InstitutionQuery = z.output<typeof InstitutionQuery>;

export const ClassesQuery = z.object({
  before: z.string().regex(classNumberForm).optional().or(emptyAsAbsent),
});
export const PapersQuery = z.object({ before: z.uuid().optional().or(emptyAsAbsent) });
export const TimelineQuery = z.object({ before: z.coerce.number().int().positive().optional() });

/** Lines of a text, or a list. */
const Occupations = z.preprocess(
  (given) => (typeof given === 'string' ? readOccupations(given) : given),
  z.array(line(1, 40)).min(1).max(200),
);
const Version = z.coerce.number().int().optional();
const Contact = line(0, 100).optional();
/** Mobile phone of the contact person, to which short messages go; kept sealed, shown masked. */
const ContactPhone = z.string().trim().max(30).refine(isMobilePhone, 'institution.phone').optional();

export const RegisterForm = z
  .object({
    creditCode: z
      .string()
      .transform(normaliseNumber)
      .refine((code) => codeForm.test(code), { error: 'institution.creditForm', abort: true })
      .refine(isCreditCode, 'institution.creditCheck'),
    name: line(2, 100),
    kind: z.enum(institutionKinds),
    region: z.string().regex(/^\d{6,12}$/, 'region.unknown'),
    licenceScope: Occupations,
    creditGrade: z.enum(creditGrades).default('B'),
    contact: Contact,
    contactPhone: ContactPhone,
    /** The signature under the entry. */
    confirmed: z.preprocess((given) => given === true || given === '1', z.literal(true, 'institution.confirm')),
  })
  .meta({ id: 'InstitutionRegistration' });

export const LicenceForm = z
  .object({
    name: line(2, 100),
    licenceScope: Occupations,
    creditGrade: z.enum(creditGrades),
    contact: Contact,
    contactPhone: ContactPhone,
    removePhone: z.preprocess((given) => given === true || given === '1', z.boolean()).optional(),
    version: Version,
  })
  .meta({ id: 'InstitutionLicence' });

export const ActForm = z.object({ reason: freeText(1_000, { min: 2 }), version: Version }).meta({ id: 'InstitutionAct' });

/** Radios of a form say 1 or 0. */
const Active = z.preprocess(
  (given) => (given === undefined || given === '1' || given === 'true' ? true : given === '0' || given === 'false' ? false : given),
  z.boolean(),
);

export const TeacherForm = z
  .object({
    name: z.string().trim().max(40).refine(isPersonName, 'roster.nameCharacters'),
    qualification: line(2, 100),
    occupations: z.preprocess(
      (given) => (typeof given === 'string' ? readOccupations(given) : (given ?? [])),
      z.array(line(1, 40)).min(1).max(50),
    ),
    active: Active,
    version: Version,
  })
  .meta({ id: 'TeacherForm' });

export const VenueForm = z
  .object({
    name: line(1, 60),
    address: line(2, 200),
    capacity: z.coerce.number().int().min(1).max(5_000),
    equipment: freeText(1_000).default(''),
    active: Active,
    version: Version,
  })
  .meta({ id: 'VenueForm' });

const RegionName = z.object({ code: z.string(), zh: z.string(), en: z.string() });

/** What the public directory shows. */
const PublicColumns = z.object({
  creditCode: z.string(),
  name: z.string(),
  kind: z.enum(institutionKinds),
  region: RegionName,
  licenceScope: z.array(z.string()),
  status: z.enum(institutionStatuses),
});

/** Grade and classes: within the reader's own region only. */
export const InstitutionItem = PublicColumns.extend({
  creditGrade: z.string().optional(),
  classes: z.number().int().optional(),
}).meta({ id: 'InstitutionItem' });

export const Figures = z
  .object({
    classes: z.number().int(),
    running: z.number().int(),
    enrolled: z.number().int(),
    examined: z.number().int(),
    passed: z.number().int(),
    passPercent: z.number().nullable(),
    paidFen: z.number().int(),
    inspections: z.number().int(),
    findings: z.number().int(),
  })
  .meta({ id: 'InstitutionFigures' });

/** `acts` and everything after `status`: for its own people and the officers of its region. */
export const InstitutionDetail = PublicColumns.extend({
  creditGrade: z.string().optional(),
  contact: z.string().nullable().optional(),
  /** Masked. */
  contactPhone: z.string().nullable().optional(),
  version: z.number().int().optional(),
  acts: z.array(z.string()).optional(),
  figures: Figures.optional(),
  /** Of figures that were counted ahead: when, by the business clock. */
  figuresCountedAt: z.iso.datetime().nullable().optional(),
}).meta({ id: 'InstitutionDetail' });

export const Teacher = z
  .object({
    no: z.number().int(),
    name: z.string(),
    qualification: z.string(),
    occupations: z.array(z.string()),
    active: z.boolean(),
    sessions: z.number().int(),
    ahead: z.number().int(),
    version: z.number().int(),
  })
  .meta({ id: 'Teacher' });

export const Venue = z
  .object({
    no: z.number().int(),
    name: z.string(),
    address: z.string(),
    capacity: z.number().int(),
    equipment: z.string(),
    active: z.boolean(),
    sessions: z.number().int(),
    ahead: z.number().int(),
    version: z.number().int(),
  })
  .meta({ id: 'Venue' });

export const InstitutionClassItem = z
  .object({
    number: z.string(),
    title: z.string(),
    status: z.enum(classStatuses),
    project: z.string(),
    startDate: z.string().nullable(),
    endDate: z.string().nullable(),
    headcount: z.number().int(),
    examined: z.number().int(),
    passed: z.number().int(),
    paidFen: z.number().int(),
    findings: z.number().int(),
    examines: z.boolean(),
  })
  .meta({ id: 'InstitutionClass' });

export const Event = z
  .object({
    at: z.iso.datetime(),
    act: z.string(),
    title: z.string(),
    name: z.string().nullable(),
    class: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'InstitutionEvent' });
