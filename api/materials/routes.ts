/** Materials (材料) of a class: attached by its institution, read by those who review it; content comes from an address of its own. */
import { z } from 'zod';
import { addMaterial, getMaterial, openMaterial, removeMaterial } from '../../db/classes/materials.ts';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { sampleMaterial } from '../../db/formats/sample-materials.ts';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { listMaterials } from '../../db/views/classes/materials.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { MATERIAL_MAX_BYTES, type MaterialKind, materialKinds, MATERIALS_PER_CLASS } from '../../workflows/domain/classes/material.ts';
import { actsFor, classPath, getTabHead, headView } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { file, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { materialJson, materialPath, materialView, rulesView } from './page.ts';
import { MaterialForm, MaterialQuery, Materials, MaterialsQuery } from './schemas.ts';

type Shown = Pick<Context<z.output<typeof ClassParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale' | 'deps'>;

export function materialRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/materials',
    summary: 'The materials of a class and what the policy pack asks for',
    tags: ['materials'],
    access: 'signed-in',
    params: ClassParams,
    query: MaterialsQuery,
    response: Materials,
    handle: (context) => show(context, { replaces: context.query.replaces }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/materials',
    summary:
      'Attach a PDF, JPG or PNG of at most 10 MB (field `file`); its content decides what it is. `replaces` takes the place of another',
    tags: ['materials'],
    access: ['institution'],
    params: ClassParams,
    body: MaterialForm,
    response: z.object({ id: z.string(), alreadyThere: z.boolean() }),
    creates: 'unlessKnown',
    errors: [409],
    upload: { field: 'file', maxBytes: MATERIAL_MAX_BYTES },
    handle: async ({ db, vault, actor, params, body, files, request }) => {
      const added = await addMaterial(db, vault, actor, params.number, { ...body, file: files[0] }, request);
      return redirect(classPath(params.number, 'materials'), {
        json: added,
        status: added.alreadyThere ? 200 : 201,
        flash: added.alreadyThere ? { key: 'materials.flash.alreadyThere', tone: 'info' } : 'materials.flash.added',
      });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered, replaces: text(entered['replaces']) }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/materials/:id/remove',
    summary: 'Take a material away; what an officer has opened stays on record',
    tags: ['materials'],
    access: ['institution'],
    params: ClassParams.extend({ id: z.uuid() }),
    response: z.object({ kept: z.boolean() }),
    errors: [409],
    handle: async ({ db, actor, params }) => {
      const { kept } = await removeMaterial(db, actor, params.number, params.id);
      return redirect(classPath(params.number, 'materials'), {
        json: { kept },
        flash: kept ? 'materials.flash.kept' : 'materials.flash.removed',
      });
    },
  });

  route(counter, {
    method: 'get',
    path: '/materials/:id',
    summary: 'The content of a material, shown or with `save=1` saved; every opening by somebody else than its institution is on record',
    tags: ['materials'],
    access: 'signed-in',
    params: z.object({ id: z.uuid() }),
    query: MaterialQuery,
    file: ['pdf', 'jpeg', 'png'],
    handle: async ({ db, vault, actor, params, query }) => {
      const { name, type, content } = await openMaterial(db, vault, actor, params.id);
      return file(content, { name, type, inline: query.save === undefined });
    },
  });

  route(counter, {
    method: 'get',
    path: '/materials/:id/picture',
    summary: 'A picture fitted into the frame beside a list; the picture itself comes from its own address',
    tags: ['materials'],
    access: 'signed-in',
    params: z.object({ id: z.uuid() }),
    handle: async ({ db, actor, params }) => {
      const { name, type } = await getMaterial(db, actor, params.id);
      if (!type.startsWith('image/')) throw new NotFoundError('material.unknown');
      return page('materials/picture', { title: name, name, href: materialPath(params.id) }, { layout: 'frame' });
    },
  });

  route(counter, {
    method: 'get',
    path: '/demo/materials/:kind',
    summary: 'A made-up material of a kind (demonstration)',
    tags: ['demonstration'],
    access: 'public',
    params: z.object({ kind: z.enum(materialKinds) }),
    file: ['pdf', 'png'],
    handle: ({ params }) => {
      if (!counter.deps.config.demo) throw new NotFoundError('page');
      const { name, type, content } = sampleMaterial(params.kind);
      return file(content, { name, type });
    },
  });
}

type Drawn = { issues?: FieldIssue[]; entered?: Record<string, unknown>; replaces?: string | undefined };

async function show({ db, actor, params, t, locale, deps }: Shown, { issues, entered, replaces }: Drawn): Promise<Reply> {
  const head = await getTabHead(db, actor, params.number, 'materials');
  const [lines, pack] = await Promise.all([listMaterials(db, head.id, actor.userId), getPolicyPack(db, head.pack_id)]);
  const mayAct = actsFor(actor, head).includes('edit');
  const opened = mayAct ? await findOpenedOf(db, head) : undefined;
  const mayAdd = (materialKind: MaterialKind): boolean => !opened || isOpen(opened, { kind: 'material_added', materialKind });
  const mayEdit = mayAct && materialKinds.some(mayAdd);
  const own = actor.institutionId === head.institution_id;
  const rules = rulesView(pack, lines, t);
  const all = lines.map((line) => ({
    ...materialView(line, t),
    mayTake: mayEdit && (!opened || isOpen(opened, { kind: 'material_taken', materialKind: line.kind, reference: line.id })),
  }));
  const materials = all.filter((material) => !material.removed);
  const replaced = mayEdit ? materials.find((material) => material.id === replaces && material.mayTake) : undefined;
  const asked = pack.values['materials.preTraining'];
  return page(
    'materials/index',
    {
      ...headView(head, 'materials', { actor, t, locale }),
      class: head,
      own,
      mayEdit,
      opened,
      fixed: own && !mayEdit,
      rules,
      source: asked && { text: asked.source, sourced: asked.sourced },
      materials,
      former: all.filter((material) => material.removed),
      replaced,
      kind: replaced?.kind ?? rules.find((rule) => rule.required && !rule.there)?.kind ?? rules.find((rule) => !rule.there)?.kind ?? '',
      kindOptions: materialKinds.filter(mayAdd).map((value) => ({ value, label: t(`materials.kinds.${value}`) })),
      max: MATERIALS_PER_CLASS,
      withDemo: deps.config.demo,
      issues,
      entered,
    },
    {
      nav: 'classes',
      json: {
        materials: lines.map(materialJson),
        rules: rules.map(({ kind, required, there }) => ({ kind, required, there })),
        mayEdit,
      },
    },
  );
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
