/** Inspections of a class and what was put right; they are entered on the page of their task. */
import { z } from 'zod';
import { getTrainingHead } from '../../db/views/training/training.ts';
import { type InspectionLine, listInspections } from '../../db/views/training/inspections.ts';
import { ClassParams, trainingHead } from '../attendance/head.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { Inspection } from './schemas.ts';

export function inspectionRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/inspections',
    summary: 'Inspections, oldest first, with findings and what was put right',
    tags: ['training'],
    access: 'signed-in',
    params: ClassParams,
    response: z.object({ number: z.string(), inspections: z.array(Inspection) }),
    handle: async ({ db, actor, params, t }) => {
      const head = await getTrainingHead(db, actor, params.number);
      const inspections = await listInspections(db, head.id);
      return page(
        'inspections/index',
        { ...trainingHead(head, 'inspections', { actor, t }), inspections },
        { nav: 'classes', json: { number: head.number, inspections: inspections.map(inspectionJson) } },
      );
    },
  });
}

function inspectionJson(line: InspectionLine) {
  return { ...line, inspected_at: line.inspected_at.toISOString() };
}
