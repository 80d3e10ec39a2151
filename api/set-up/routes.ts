/** The page behind a one-time link: a person sets the own password. The token is looked up by its hash and printed nowhere. */
import { z } from 'zod';
import { hashToken } from '../../db/accounts/sessions.ts';
import { findSetupLink, type SetupPerson, useSetupLink } from '../../db/accounts/setup-links.ts';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { passwordFault } from '../../workflows/domain/people/passwords.ts';
import { page, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { keepDevice } from '../sessions/devices.ts';
import { passwordDesk } from '../sessions/passwords.ts';

const SetUpParams = z.object({ token: z.string().regex(/^[\w-]{43}$/) });
const NewPassword = z
  .object({ newPassword: z.string().min(1).max(400), repeatPassword: z.string().min(1).max(400) })
  .meta({ id: 'SetUpPassword' });

export function setUpRoutes(counter: Counter): void {
  const desk = passwordDesk(counter.deps.db);

  const personOf = async ({ db, params }: Context<{ token: string }, unknown, unknown>): Promise<SetupPerson> => {
    const person = await findSetupLink(db, hashToken(params.token));
    if (!person) throw new NotFoundError('setUp.dead');
    return person;
  };
  const show = async (context: Context<{ token: string }, unknown, unknown>, more: Record<string, unknown> = {}) => {
    const { login, name, until, held } = await personOf(context);
    const json = { login, name, until: until.toISOString(), held };
    return page('set-up/show', { login, name, until, held, ...more }, { layout: 'plain', json });
  };

  route(counter, {
    method: 'get',
    path: '/set-up/:token',
    summary: 'Whose set-up link this is',
    tags: ['sessions'],
    access: 'public',
    params: SetUpParams,
    /** `held`: the link waits for a security administrator. */
    response: z.object({ login: z.string(), name: z.string(), until: z.string(), held: z.boolean() }),
    errors: [403, 429],
    handle: async (context) => {
      // Nobody opens a link inside another site's page: only there would somebody else use up the looks of this address.
      if (context.req.get('sec-fetch-site') === 'cross-site' && context.req.get('sec-fetch-dest') !== 'document')
        throw new NotAllowedError('csrf.origin');
      await desk.admitLook(context.req.ip ?? '');
      return show(context);
    },
  });

  route(counter, {
    method: 'post',
    path: '/set-up/:token',
    summary: 'Set the password; the link is dead afterwards',
    tags: ['sessions'],
    access: 'public',
    params: SetUpParams,
    body: NewPassword,
    errors: [429],
    response: z.object({ login: z.string() }),
    handle: async (context) => {
      const { db, params, body, req, res, config } = context;
      const tokenHash = hashToken(params.token);
      const door = { kind: 'link', key: tokenHash.toString('hex') } as const;
      await desk.admit(door, req.ip ?? '');
      const person = await personOf(context);
      if (person.held) throw new ConflictError('setUp.held');
      const fault = passwordFault(body.newPassword, person);
      if (fault) throw inputError('newPassword', fault);
      if (body.newPassword !== body.repeatPassword) throw inputError('repeatPassword', 'password.repeat');
      await useSetupLink(db, tokenHash, await desk.hash(body.newPassword));
      await desk.forgive(door, req.ip ?? '');
      await desk.forgive({ kind: 'login', key: person.login.toLowerCase() });
      // Who held the link signs in from here, also while somebody keeps the account locked.
      if (context.forPage) keepDevice(req, res, config, person.login);
      return redirect('/sign-in', { json: { login: person.login }, flash: 'set-up.done' });
    },
    onInvalid: (context, issues) => show(context, { issues }),
  });
}
