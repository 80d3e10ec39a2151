/** During the training (培训中监管): attendance, inspections with rectification, changes and drop-outs, each a reviewed task. */
import { type Desk, stepOf } from './desk/desk.ts';
import type { Ask, FactBell } from './domain/procedures.ts';
import { disclose } from './public-disclosure.ts';

/** The plan is public; the class waits for its first day. */
export async function readiness(desk: Desk): Promise<string> {
  const beginning = (): Ask => ({
    step: 'ready.beginning',
    kind: 'wait',
    role: 'clock',
    level: 'own',
    outcomes: [],
    dueDate: String(desk.place.flags.startDate),
  });
  if (!desk.isAt('ready'))
    await desk.proceed({ stage: 'ready', step: 'ready', acts: [{ act: 'setClassStatus', code: 'ready' }], asks: [beginning()] });
  for (;;) {
    if (datesMoved(desk)) await desk.proceed({ cancels: ['ready.beginning'], asks: [beginning()], flags: { datesMoved: false } });
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    // A day that was moved meanwhile is waited for anew.
    if (fact.kind === 'expired' && !desk.place.openSteps.includes('ready.beginning')) return 'training';
    await answerChange(desk, fact);
  }
}

export async function inTrainingMonitoring(desk: Desk): Promise<string> {
  if (!desk.isAt('training')) {
    await desk.proceed({
      stage: 'training',
      step: 'training',
      acts: [{ act: 'setClassStatus', code: 'in_training' }],
      asks: [attendanceTask(desk), inspectionTask(desk)],
    });
  }
  // A decision closes its task before its fact is read: the stage ends when nothing is open and nothing is unread.
  while (desk.place.openSteps.length > 0 || desk.place.facts.length > 0) {
    if (datesMoved(desk)) {
      const open = desk.place.openSteps.includes('training.attendance');
      const again = open ? { cancels: ['training.attendance'], asks: [attendanceTask(desk)] } : {};
      await desk.proceed({ ...again, flags: { datesMoved: false } });
    }
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    const decided: { taskId?: string; factNo: number } = { factNo: fact.no, ...(fact.taskId ? { taskId: fact.taskId } : {}) };
    switch (fact.kind === 'decided' ? stepOf(fact) : fact.kind) {
      case 'training.inspection':
      case 'training.reinspection': {
        const inOrder = fact.outcome === 'in_order' || fact.outcome === 'rectified';
        await desk.proceed(inOrder ? {} : { acts: [{ act: 'orderRectification', ...decided }], asks: [rectificationTask(desk)] });
        break;
      }
      case 'training.rectification':
        await desk.proceed({ asks: [reinspectionTask(desk)] });
        break;
      case 'training.attendance':
        await desk.proceed({});
        break;
      default:
        await answerChange(desk, fact);
    }
  }
  return 'conduct';
}

export async function conductDisclosure(desk: Desk): Promise<string> {
  return disclose(desk, {
    stage: 'conduct',
    list: 'conduct',
    entryActs: [{ act: 'setClassStatus', code: 'filing' }, { act: 'closeAttendance' }],
    next: 'results',
  });
}

/** Said by the record when an applied change moved the dates, until the tasks that count from them are asked anew: a run may end in between. */
function datesMoved(desk: Desk): boolean {
  return desk.place.flags.datesMoved === true;
}

/** Changes before and during training (变更): reviewed by the pack's table, then applied. */
async function answerChange(desk: Desk, fact: FactBell): Promise<unknown> {
  const table = desk.place.terms.reviews.change;
  const changeTask = (changeNo: number, at: number): Ask[] => {
    const row = table[at];
    if (!row) return [];
    const step = `change-${changeNo}.${row.step}`;
    return [
      {
        step,
        kind: 'change_review',
        role: row.role,
        level: row.level,
        outcomes: ['approve', 'refuse'],
        workingDays: row.workingDays,
        reference: String(changeNo),
      },
    ];
  };

  if (fact.kind === 'change_requested') return desk.proceed({ asks: changeTask(fact.no, 0) });
  const [stage, step] = stepOf(fact).split('.');
  const changeNo = stage?.startsWith('change-') ? Number(stage.slice('change-'.length)) : 0;
  if (fact.kind !== 'decided' || changeNo === 0) return desk.proceed({});
  const following = table.findIndex((row) => row.step === step) + 1;
  if (fact.outcome === 'approve' && following < table.length) return desk.proceed({ asks: changeTask(changeNo, following) });
  return desk.proceed({ acts: [{ act: fact.outcome === 'approve' ? 'applyChange' : 'refuseChange', factNo: changeNo }] });
}

function attendanceTask(desk: Desk): Ask {
  const { flags, terms } = desk.place;
  return {
    step: 'training.attendance',
    kind: 'attendance',
    role: 'institution',
    level: 'own',
    outcomes: ['submit'],
    workingDays: terms.days.attendance,
    from: String(flags.endDate),
  };
}

function inspectionTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return {
    step: 'training.inspection',
    kind: 'inspection',
    role: 'inspector',
    level: terms.offices.inspection,
    outcomes: ['in_order', 'finding'],
    workingDays: terms.days.inspection,
    fourEyes: [],
  };
}

function rectificationTask(desk: Desk): Ask {
  const { terms } = desk.place;
  return {
    step: 'training.rectification',
    kind: 'rectification',
    role: 'institution',
    level: 'own',
    outcomes: ['rectify'],
    workingDays: terms.days.rectification,
  };
}

/** Whoever found it may look again: an inspection decides nothing about money. */
function reinspectionTask(desk: Desk): Ask {
  const { terms } = desk.place;
  const outcomes = ['rectified', 'not_rectified'];
  return {
    step: 'training.reinspection',
    kind: 'reinspection',
    role: 'inspector',
    level: terms.offices.inspection,
    outcomes,
    workingDays: terms.days.inspection,
    fourEyes: [],
  };
}
