/** Policy packs: everybody signed in reads them; a catalogue officer uploads one, a second one puts it in force (N7, N9, N19). */
import { z } from 'zod';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { decodeText } from '../../db/formats/csv.ts';
import {
  confirmPack,
  getPackLine,
  getPackUpload,
  listPacks,
  listPackUploads,
  refusePack,
  uploadPack,
} from '../../db/catalogue/policy-packs.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import { unsourcedKeys } from '../../workflows/domain/policy/policy.ts';
import { readPolicyPack } from '../../workflows/domain/policy/policy-reader.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { proposalTones } from '../budgets/page.ts';
import { findUnstorable } from '../http/bodies.ts';
import { nextCursor, pagerOf, readTimeCursor } from '../http/cursors.ts';
import { file, mediaTypes, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route, type UploadedFile } from '../http/routing.ts';
import { packCursor, packJson, packLineView, packView, readPackCursor, uploadJson } from './page.ts';
import { Pack, PackBegin, PackDetail, PackParams, PackQuery, PackUpload, UploadParams, WaitingPack, WaitingPackDetail } from './schemas.ts';

const tags = ['packs'];
const MAX_BYTES = 2_000_000;
const SHOWN = 50;
const keepers = (actor: Actor): string[] => pathsOf(actor, 'catalogue_officer', 'auditor');

export function packRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/packs',
    summary: 'Policy packs on record, every version with its digest and who put it in force; for who keeps them also what waits',
    tags,
    access: 'signed-in',
    query: PackQuery,
    response: z.object({
      packs: z.array(Pack),
      next: z.string().nullable(),
      waiting: z.array(WaitingPack),
      waitingNext: z.string().nullable(),
    }),
    handle: async ({ db, actor, query, t, locale }) => {
      const [{ packs, next: following }, { uploads: waiting, next: waitingFollowing }] = await Promise.all([
        listPacks(db, { after: readPackCursor(query.after), size: SHOWN }),
        listPackUploads(db, keepers(actor), { after: readTimeCursor(query.waitingAfter), size: SHOWN }),
      ]);
      const [next, waitingNext] = [packCursor(following), nextCursor(waitingFollowing)];
      const view = {
        packs: packs.map((line) => packLineView(line, { t, locale })),
        waiting: waiting.map((line) => ({
          ...line,
          name: locale === 'en' ? line.name.en : line.name.zh,
          regionName: locale === 'en' ? line.regionEn : line.regionZh,
        })),
        waitingPages: pagerOf('/packs', query, { name: 'waitingAfter', next: waitingNext, anchor: '#waiting' }),
        packPages: pagerOf('/packs', query, { next, anchor: '#versions' }),
        mayUpload: hasRole(actor, 'catalogue_officer'),
      };
      return page('packs/index', view, {
        nav: 'packs',
        json: { packs: packs.map(packJson), next, waiting: waiting.map(uploadJson), waitingNext },
      });
    },
  });

  route(counter, {
    method: 'get',
    path: '/packs/new',
    summary: 'The form to upload a pack',
    tags,
    access: ['catalogue_officer'],
    handle: () => page('packs/new', {}, { nav: 'packs' }),
  });

  route(counter, {
    method: 'post',
    path: '/packs',
    summary: 'Upload a pack as a JSON file (field `file`) or as the body itself; what is wrong is told with its path',
    tags,
    access: ['catalogue_officer'],
    body: PackUpload,
    upload: { field: 'file', maxBytes: MAX_BYTES },
    response: z.object({ uploadId: z.string() }),
    creates: true,
    handle: async ({ db, actor, body, files, request, forPage }) => {
      const given = files[0] || forPage ? readFile(files[0]) : { content: body, fileName: '' };
      const answer = await uploadPack(db, actor, given, request);
      return redirect(`/packs/uploads/${answer.uploadId}`, { json: answer, status: 201, flash: 'packs.uploaded' });
    },
    onInvalid: (_context, issues) => {
      const atFile = issues.filter((issue) => issue.field === 'file');
      const wrong = issues.filter((issue) => issue.field !== 'file');
      return page('packs/new', { issues: atFile, wrong }, { nav: 'packs' });
    },
  });

  uploadRoutes(counter);

  route(counter, {
    method: 'get',
    path: '/packs/:id',
    summary: 'A pack in words: reviews, periods, disclosures, amounts, each with its source; and word for word',
    tags,
    access: 'signed-in',
    params: PackParams,
    response: PackDetail,
    handle: async ({ db, params, t, locale }) => {
      const line = await getPackLine(db, params.id);
      const pack = readPolicyPack(line.content);
      return page(
        'packs/show',
        { ...packLineView(line, { t, locale }), ...packView(pack, { t, locale }), stateLabel: t(`packs.states.${line.state}`) },
        { nav: 'packs', json: { ...packJson(line), unsourced: unsourcedKeys(pack), content: line.content } },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/packs/:id/file',
    summary: 'The pack as a JSON file, to make the next version from',
    tags,
    access: 'signed-in',
    params: PackParams,
    file: ['json'],
    handle: async ({ db, params }) => {
      const { id, content } = await getPackLine(db, params.id);
      return file(Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`), { name: `${id}.json`, type: mediaTypes.json });
    },
  });
}

function readFile(given: UploadedFile | undefined): { content: unknown; fileName: string } {
  if (!given) throw inputError('file', 'pack.fileMissing');
  let content: unknown;
  try {
    content = JSON.parse(decodeText(given.content));
  } catch {
    throw inputError('file', 'pack.notJson');
  }
  if (findUnstorable(content) !== undefined) throw inputError('file', 'text');
  return { content, fileName: given.name.slice(0, 200) };
}

/** An upload has two versions: it waits, and then it is decided; its content never changes. */
const WAITING = 1;

function requireWaiting(ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== WAITING) throw new ConflictError('form.stale');
}

function uploadRoutes(counter: Counter): void {
  type ShowContext = Pick<Context<z.output<typeof UploadParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
  const show = async ({ db, actor, params, t, locale }: ShowContext, more: Record<string, unknown> = {}): Promise<Reply> => {
    const line = await getPackUpload(db, keepers(actor), params.id);
    const pack = readPolicyPack(line.content);
    const decides = line.status === 'proposed' && hasRole(actor, 'catalogue_officer');
    const own = line.proposedById === actor.userId;
    const view = {
      ...line,
      ...packView(pack, { t, locale }),
      regionName: locale === 'en' ? line.regionEn : line.regionZh,
      digestShort: line.digest.slice(0, 12),
      waiting: line.status === 'proposed',
      stateLabel: t(`budgets.states.${line.status}`),
      tone: proposalTones[line.status],
      mayConfirm: decides && !own,
      mayWithdraw: decides && own,
      begin: pack.from > line.today ? pack.from : line.today,
      ...more,
    };
    return page('packs/upload', view, {
      nav: 'packs',
      etag: String(line.status === 'proposed' ? WAITING : WAITING + 1),
      json: { ...uploadJson(line), unsourced: unsourcedKeys(pack), content: line.content },
    });
  };

  route(counter, {
    method: 'get',
    path: '/packs/uploads/:id',
    summary: 'What was uploaded, in words, before it is put in force',
    tags,
    access: ['catalogue_officer', 'auditor'],
    params: UploadParams,
    response: WaitingPackDetail,
    tagged: true,
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/packs/uploads/:id/confirm',
    summary: 'Put a pack that another catalogue officer uploaded in force from a day',
    tags,
    access: ['catalogue_officer'],
    params: UploadParams,
    body: PackBegin,
    response: z.object({ packId: z.string(), from: z.string() }),
    guarded: true,
    handle: async ({ db, actor, params, body, request, ifMatch }) => {
      requireWaiting(ifMatch);
      const answer = await confirmPack(db, actor, { uploadId: params.id, from: body.from }, request);
      return redirect(`/packs/${answer.packId}`, { json: answer, flash: 'packs.confirmed' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/packs/uploads/:id/refuse',
    summary: 'Refuse an upload, or take the own one back',
    tags,
    access: ['catalogue_officer'],
    params: UploadParams,
    response: z.object({ status: z.string() }),
    guarded: true,
    handle: async ({ db, actor, params, request, ifMatch }) => {
      requireWaiting(ifMatch);
      const answer = await refusePack(db, actor, params.id, request);
      return redirect('/packs', { json: answer, flash: `packs.${answer.status}` });
    },
  });
}
