/** The letters of the office (邮件与短信模板): read, tried with made-up data, written as a new version, brought back; by a system administrator. */
import type { z } from 'zod';
import { findInForce, getLetter, requireSound, restoreLetter, saveLetter } from '../../db/correspondence/letter-versions.ts';
import { type Channel, lettersOf } from '../../db/correspondence/letters.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { draftOf, letterPath, letterView, type Redraw, previewsOf } from './page.ts';
import {
  LetterDraft,
  LetterForm,
  LetterList,
  LetterOnPaper,
  LetterParams,
  LetterQuery,
  LetterSaved,
  Previews,
  RestoreForm,
  VersionParams,
} from './schemas.ts';

const tags = ['letters'];
const access = ['system_admin'] as const;
const path = '/admin/letters/:channel/:name';

type Shown = Pick<Context<z.output<typeof LetterParams>, unknown, unknown>, 'db' | 'params' | 'config' | 't'>;

export function letterRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/admin/letters',
    summary: 'Mails and short messages, each with its version in force',
    tags,
    access,
    response: LetterList,
    handle: async ({ db, t }) => {
      const ofChannel = async (channel: Channel) => {
        const inForce = await findInForce(db, channel);
        return lettersOf(channel).map((name) => ({
          channel,
          name,
          version: inForce.get(name)?.version ?? 0,
          href: letterPath({ channel, name }),
          label: t(`letters.names.${channel}.${name}`),
        }));
      };
      const [mails, sms] = await Promise.all([ofChannel('mail'), ofChannel('sms')]);
      const letters = [...mails, ...sms].map(({ label: _label, ...line }) => line);
      return page('letters/index', { mails, sms }, { nav: 'admin', json: { letters } });
    },
  });

  route(counter, {
    method: 'get',
    path,
    summary: 'A letter in both languages with a preview and its versions; `version` shows an earlier one, 0 what is shipped',
    tags,
    access,
    params: LetterParams,
    query: LetterQuery,
    response: LetterOnPaper,
    tagged: true,
    handle: (context) => show(context, { version: context.query.version }),
  });

  route(counter, {
    method: 'post',
    path,
    summary:
      'Write a letter as a new version, with the reason; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags,
    access,
    params: LetterParams,
    body: LetterForm,
    response: LetterSaved,
    errors: [409],
    guarded: true,
    handle: async (context) => {
      const { db, actor, params, body, request, ifMatch, forPage } = context;
      try {
        const { version } = await saveLetter(db, actor, {
          ...params,
          letters: draftOf(body),
          reason: body.reason,
          version: body.version ?? ifMatch,
          request,
        });
        return redirect(letterPath(params), { json: { version }, flash: { key: 'letters.saved', params: { version } } });
      } catch (error) {
        if (!forPage || !(error instanceof ConflictError)) throw error;
        return show(context, { stale: true, entered: context.req.body as Record<string, unknown>, status: 409 });
      }
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: `${path}/preview`,
    summary: 'Try a letter with made-up data; nothing is saved',
    tags,
    access,
    params: LetterParams,
    body: LetterDraft,
    response: Previews,
    handle: async (context) => {
      const { params, body, config, forPage } = context;
      const letters = draftOf(body);
      requireSound(params, letters);
      if (forPage) return show(context, { draft: letters, entered: context.req.body as Record<string, unknown> });
      return { kind: 'json', status: 200, body: { previews: previewsOf(params, letters, config) } };
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: `${path}/versions/:version/restore`,
    summary: 'Bring an earlier version back as a new one, with the reason; 0 is what is shipped',
    tags,
    access,
    params: VersionParams,
    body: RestoreForm,
    response: LetterSaved,
    errors: [409],
    guarded: true,
    handle: async ({ db, actor, params, body, request, ifMatch }) => {
      const { channel, name, version: restores } = params;
      const saving = { channel, name, restores, reason: body.reason, version: body.version ?? ifMatch, request };
      const { version } = await restoreLetter(db, actor, saving);
      return redirect(letterPath(params), { json: { version }, flash: { key: 'letters.saved', params: { version } } });
    },
    onInvalid: (context, issues, entered) => show(context, { version: context.params.version, issues, entered }),
  });
}

async function show({ db, params, config, t }: Shown, redraw: Redraw): Promise<Reply> {
  const found = await getLetter(db, params, redraw.version);
  const { view, json } = letterView(params, found, redraw, { config, t });
  return page('letters/show', view, {
    nav: 'admin',
    status: redraw.status ?? (redraw.issues ? 422 : 200),
    json,
    etag: String(found.current),
  });
}
