/** Paying accounts (专户): one payment officer proposes, another confirms; in use from then on. */
import { z } from 'zod';
import { listRegionsWithin, pathsOf } from '../../db/accounts/accounts.ts';
import {
  confirmPayingAccount,
  listPayingAccounts,
  type PayingAccountLine,
  proposePayingAccount,
  refusePayingAccount,
} from '../../db/money/paying-accounts.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { maskAccount } from '../../workflows/domain/people/identity.ts';
import { bankTemplates } from '../../workflows/domain/money/bank-templates.ts';
import { funds } from '../../workflows/domain/policy/policy.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { regionOptions } from '../accounts/page.ts';
import { fundPaths, fundReaders, proposalTones } from '../budgets/page.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { Cursor } from '../http/fields.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { Locale } from '../pages/i18n.ts';
import { PayingAccount, PayingAccountForm, PayingAccountParams } from './schemas.ts';

const tags = ['payments'];
const SHOWN = 50;

export function payingAccountRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/paying-accounts',
    summary: 'Accounts that the offices of the own regions pay from: what waits, what is in use, what was',
    tags,
    access: fundReaders,
    query: z.object({ after: Cursor }),
    response: z.object({ accounts: z.array(PayingAccount), next: z.string().nullable() }),
    handle: async ({ db, actor, query, locale }) => {
      const found = await listPayingAccounts(db, fundPaths(actor), { after: readTimeCursor(query.after), size: SHOWN });
      const lines = found.accounts.map((line) => masked(line, actor));
      const next = nextCursor(found.next);
      const view = {
        accounts: lines.map((line) => accountView(line, actor, locale)),
        mayPropose: hasRole(actor, 'payment_officer'),
        ...pagerOf('/paying-accounts', query, { next }),
      };
      return page('paying-accounts/index', view, { nav: 'payments', json: { accounts: lines.map(accountJson), next } });
    },
  });

  const form = async ({ db, actor, locale, t }: Context<unknown, unknown, unknown>, more: Record<string, unknown> = {}): Promise<Reply> => {
    const view = {
      regionOptions: regionOptions(await listRegionsWithin(db, pathsOf(actor, 'payment_officer')), locale),
      fundOptions: funds.map((value) => ({ value, label: t(`funds.names.${value}`) })),
      templateOptions: bankTemplates.map(({ id }) => ({ value: id, label: t(`paying-accounts.templates.${id}`) })),
      ...more,
    };
    return page('paying-accounts/new', view, { nav: 'payments' });
  };

  route(counter, {
    method: 'get',
    path: '/paying-accounts/new',
    summary: 'The form to propose an account',
    tags,
    access: ['payment_officer'],
    handle: (context) => form(context),
  });

  route(counter, {
    method: 'post',
    path: '/paying-accounts',
    summary: 'Propose the account that an office pays a fund from; another payment officer confirms it',
    tags,
    access: ['payment_officer'],
    body: PayingAccountForm,
    response: z.object({ id: z.string() }),
    errors: [409],
    creates: true,
    handle: async ({ db, actor, body, request }) =>
      redirect('/paying-accounts', {
        json: await proposePayingAccount(db, actor, body, request),
        status: 201,
        flash: 'paying-accounts.proposed',
      }),
    onInvalid: (context, issues, entered) => form(context, { issues, entered }),
  });

  for (const [act, decide, summary] of [
    ['confirm', confirmPayingAccount, 'Confirm what another payment officer proposed: it is in use at once'],
    ['refuse', refusePayingAccount, 'Refuse a proposal, or take the own one back'],
  ] as const) {
    route(counter, {
      method: 'post',
      path: `/paying-accounts/:id/${act}`,
      summary,
      tags,
      access: ['payment_officer'],
      params: PayingAccountParams,
      response: z.object({ status: z.string() }),
      errors: [409],
      handle: async ({ db, actor, params, request }) => {
        const answer = await decide(db, actor, params.id, request);
        return redirect('/paying-accounts', { json: answer, flash: `paying-accounts.${answer.status}` });
      },
    });
  }
}

/** Who pays must compare the number with the bank's; nobody else needs it. */
function masked(line: PayingAccountLine, actor: Actor): PayingAccountLine {
  return hasRole(actor, 'payment_officer', 'auditor') ? line : { ...line, account: maskAccount(line.account) };
}

function accountView(line: PayingAccountLine, actor: Actor, locale: Locale) {
  const decides = hasRole(actor, 'payment_officer') && line.status === 'proposed';
  const own = line.proposedById === actor.userId;
  return {
    ...line,
    regionName: locale === 'en' ? line.regionEn : line.regionZh,
    state: line.inUse ? 'inUse' : line.status,
    tone: line.status === 'confirmed' && !line.inUse ? '' : proposalTones[line.status],
    mayConfirm: decides && !own,
    mayWithdraw: decides && own,
  };
}

function accountJson({ regionZh: _zh, regionEn: _en, proposedById: _by, proposedAt, decidedAt, ...line }: PayingAccountLine) {
  return { ...line, proposedAt: proposedAt?.toISOString() ?? null, decidedAt: decidedAt?.toISOString() ?? null };
}
