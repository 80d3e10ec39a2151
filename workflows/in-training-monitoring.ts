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
    const fact = await desk.next();
    if (fact.kind === 'withdrawn') return 'withdrawn';
    if (fact.kind === 'expired') return 'training';
    const moved = await answerChange(desk, fact);
    if (moved) await desk.proceed({ cancels: ['ready.beginning'], asks: [beginning()] });
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
      default: {
        const datesMoved = await answerChange(desk, fact);
        if (datesMoved && desk.place.openSteps.includes('training.attendance')) {
          await desk.proceed({ cancels: ['training.attendance'], asks: [attendanceTask(desk)] });
        }
      }
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

/** Changes before and during training (变更): reviewed by the pack's table, then applied. Returns true when the dates of the class moved. */
async function answerChange(desk: Desk, fact: FactBell): Promise<boolean> {
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

  if (fact.kind === 'change_requested') {
    await desk.proceed({ asks: changeTask(fact.no, 0) });
    return false;
  }
  const [stage, step] = stepOf(fact).split('.');
  const changeNo = stage?.startsWith('change-') ? Number(stage.slice('change-'.length)) : 0;
  if (fact.kind !== 'decided' || changeNo === 0) {
    await desk.proceed({});
    return false;
  }
  const following = table.findIndex((row) => row.step === step) + 1;
  if (fact.outcome === 'approve' && following < table.length) {
    await desk.proceed({ asks: changeTask(changeNo, following) });
    return false;
  }
  const reached = await desk.proceed({
    acts: [{ act: fact.outcome === 'approve' ? 'applyChange' : 'refuseChange', factNo: changeNo }],
    flags: { datesMoved: false },
  });
  return reached.flags.datesMoved === true;
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
