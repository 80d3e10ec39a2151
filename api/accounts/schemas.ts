import { z } from 'zod';
import { Grant, GrantRequest } from '../grants/schemas.ts';
import { Cursor, emptyAsAbsent, freeText, line, searchWords } from '../http/fields.ts';

export const AccountParams = z.object({ id: z.uuid() });

export const AccountQuery = z.object({
  q: searchWords(100, { creditCodes: true }),
  state: z.enum(['active', 'inactive', 'waiting', 'stale', 'locked']).optional().or(emptyAsAbsent),
  after: z.string().max(100).optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(100).default(50),
});

/** Of one account: `after` goes on among its grants, `requestsAfter` among what is asked for it. */
export const GrantsQuery = z.object({
  after: z.coerce.number().int().positive().optional().or(emptyAsAbsent),
  requestsAfter: Cursor,
});

/** An account of an office names its region, one of an institution the credit code. */
export const AccountForm = z
  .object({
    login: z
      .string()
      .trim()
      .regex(/^[a-z][a-z0-9._-]{2,39}$/, 'account.loginForm'),
    name: line(2, 60),
    email: z.email().max(200),
    region: z
      .string()
      .regex(/^\d{6}$/, 'account.region')
      .optional(),
    creditCode: z
      .string()
      .trim()
      .toUpperCase()
      .regex(/^[0-9A-Z]{18}$/, 'account.creditCode')
      .optional(),
    locale: z.enum(['zh-CN', 'en']).default('zh-CN'),
  })
  .meta({ id: 'AccountForm' });

const version = z.coerce.number().int().optional();
export const Versioned = z.object({ version });
/** The link that was looked at: one that was issued meanwhile is not released unseen. */
export const LinkRelease = z.object({ link: z.uuid() }).meta({ id: 'LinkRelease' });
export const Deactivation = z.object({ version, reason: freeText(300, { min: 2 }) }).meta({ id: 'AccountDeactivation' });

export const Account = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    region: z.string(),
    institution: z.string().nullable(),
    active: z.boolean(),
    hasPassword: z.boolean(),
    linkUntil: z.string().nullable(),
    /** The link waits for a security administrator. */
    linkHeld: z.boolean(),
    /** Nobody has released it: a password set by it ends with the account's first grant. */
    linkUnreleased: z.boolean(),
    linkId: z.string().nullable(),
    linkIssuedAt: z.string().nullable(),
    linkIssuedBy: z.string().nullable(),
    lastSignInAt: z.string().nullable(),
    /** Wrong passwords have locked it; browsers and networks in which the person has signed in before are let in all the same. */
    lockedUntil: z.string().nullable(),
    /** Wrong passwords in such a browser or network have locked that one. */
    knownLockedUntil: z.string().nullable(),
    roles: z.array(z.string()),
    version: z.number().int(),
  })
  .meta({ id: 'Account' });

export const AccountDetail = z
  .object({
    ...Account.shape,
    requests: z.array(GrantRequest),
    requestsNext: z.string().nullable(),
    /** The newest first, those that are over with them. */
    grants: z.array(Grant),
    next: z.number().nullable(),
  })
  .meta({ id: 'AccountDetail' });

/** `setUpLink` is there the first time only; the same request again gets null. */
export const AccountIssued = z
  .object({ id: z.string(), setUpLink: z.string().nullable(), hours: z.number().int() })
  .meta({ id: 'AccountIssued' });
