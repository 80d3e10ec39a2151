/** Venues (场地) of an institution. */
import { z } from 'zod';
import { addVenue, saveVenue, servesClass, type VenueRow } from '../../db/institutions.ts';
import { getArchive, getVenue, type InstitutionHead, listVenues, type VenueLine } from '../../db/views/institutions/institutions.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { headView, institutionPath, maintains } from './head.ts';
import { type FormContext, keepers, openOwn, Saved, statesOf } from './means.ts';
import { drawn, isStale, type Redraw, theirsOf } from './register.ts';
import { InstitutionParams, MeansParams, Venue, VenueForm } from './schemas.ts';

export function venueRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/venues',
    summary: 'Venues with capacity and equipment, those in use first',
    tags: ['institutions'],
    access: 'signed-in',
    params: InstitutionParams,
    response: z.object({ venues: z.array(Venue) }),
    handle: async ({ db, actor, params, t, locale }) => {
      const head = await getArchive(db, actor, params.creditCode);
      const lines = await listVenues(db, head.id);
      return page(
        'venues/index',
        { ...headView(head, 'venues', { t, locale }), own: maintains(actor, head), lines },
        { nav: 'institutions', json: { venues: lines.map(venueJson) } },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/venues/new',
    summary: 'Form for a new venue',
    tags: ['institutions'],
    access: keepers,
    params: InstitutionParams,
    handle: async (context) => venueForm(context, await openOwn(context)),
  });

  route(counter, {
    method: 'post',
    path: '/institutions/:creditCode/venues',
    summary: 'Add a venue to the own institution',
    tags: ['institutions'],
    access: keepers,
    params: InstitutionParams,
    body: VenueForm,
    response: Saved,
    creates: true,
    handle: async ({ db, actor, params, body, request }) => {
      const { version: _version, ...entry } = body;
      const added = await addVenue(db, actor, params.creditCode, entry, request);
      return redirect(institutionPath(params.creditCode, 'venues'), {
        json: added,
        status: 201,
        flash: { key: 'institutions.flash.venueAdded', params: { name: body.name } },
      });
    },
    onInvalid: async (context, issues, entered) => venueForm(context, await openOwn(context), undefined, { issues, entered }),
  });

  route(counter, {
    method: 'get',
    path: '/institutions/:creditCode/venues/:no',
    summary: 'Form of a venue',
    tags: ['institutions'],
    access: keepers,
    params: MeansParams,
    tagged: true,
    handle: async (context) => {
      const head = await openOwn(context);
      return venueForm(context, head, await getVenue(context.db, head.id, context.params.no));
    },
  });

  route(counter, {
    method: 'post',
    path: '/institutions/:creditCode/venues/:no',
    summary: 'Save a venue or take it out of use; `version` (or If-Match) refuses to overwrite what somebody else saved meanwhile',
    tags: ['institutions'],
    access: keepers,
    params: MeansParams,
    body: VenueForm,
    response: Saved,
    guarded: true,
    handle: async (context) => {
      const { db, actor, params, body, request, ifMatch, forPage } = context;
      const { version, ...entry } = body;
      try {
        const saved = await saveVenue(db, actor, params.creditCode, params.no, entry, { version: version ?? ifMatch, request });
        return redirect(institutionPath(params.creditCode, 'venues'), {
          json: saved,
          flash: { key: 'institutions.flash.venueSaved', params: { name: body.name } },
        });
      } catch (error) {
        if (!forPage || !isStale(error)) throw error;
        const head = await openOwn(context);
        const now = await getVenue(db, head.id, params.no);
        return venueForm(context, head, now, { stale: true, entered: context.req.body as Record<string, unknown>, status: 409 });
      }
    },
    onInvalid: async (context, issues, entered) => {
      const head = await openOwn(context);
      return venueForm(context, head, await getVenue(context.db, head.id, context.params.no), { issues, entered });
    },
  });
}

async function venueForm({ db, t, locale }: FormContext, head: InstitutionHead, row?: VenueRow, redraw: Redraw = {}): Promise<Reply> {
  const fields = { name: row?.name ?? '', address: row?.address ?? '', capacity: row?.capacity ?? '', equipment: row?.equipment ?? '' };
  const active = row?.active === false ? '0' : '1';
  const path = institutionPath(head.credit_code, 'venues');
  const entered = redraw.entered;
  return page(
    'venues/form',
    {
      ...headView(head, 'venues', { t, locale }),
      title: row ? t('institutions.venue.editTitle', { name: row.name, no: row.no }) : t('institutions.venue.newTitle'),
      action: row ? `${path}/${row.no}` : path,
      back: path,
      isNew: row === undefined,
      placeFixed: row !== undefined && (await servesClass(db, 'venue_id', row.id)),
      saved: { ...fields, active },
      states: statesOf(t, 'venue'),
      version: redraw.stale ? row?.version : (entered?.['version'] ?? row?.version),
      stale: redraw.stale,
      theirs: redraw.stale ? theirsOf(fields, entered ?? {}, t) : [],
      ...drawn(redraw, t),
    },
    {
      nav: 'institutions',
      ...(redraw.status ? { status: redraw.status } : {}),
      ...(row ? { etag: String(row.version) } : {}),
      json: { ...fields, active: active === '1', version: row?.version ?? null },
    },
  );
}

function venueJson({ no, name, address, capacity, equipment, active, sessions, ahead, version }: VenueLine) {
  return { no, name, address, capacity, equipment, active, sessions, ahead, version };
}
