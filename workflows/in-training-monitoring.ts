/** During the training (培训中监管): attendance, inspections with rectification, changes and drop-outs, each a reviewed task. */
import { type Desk, stepOf } from './desk/desk.ts';
import type { Ask } from './domain/procedures.ts';
import type { Next } from './domain/stages.ts';
import { answerChange, datesMoved } from './class-changes.ts';
import { disclose } from './public-disclosure.ts';

export async function inTrainingMonitoring(desk: Desk): Promise<Next<'trainingClass'>> {
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
    switch (fact.kind === 'decided' ? stepOf(fact) : fact.kind) {
      case 'training.inspection':
      case 'training.reinspection': {
        const inOrder = fact.outcome === 'in_order' || fact.outcome === 'rectified';
        await desk.proceed(
          inOrder ? {} : { acts: [{ act: 'orderRectification', taskId: fact.taskId ?? '' }], asks: [rectificationTask(desk)] },
        );
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

export async function conductDisclosure(desk: Desk): Promise<Next<'trainingClass'>> {
  return disclose(desk, {
    stage: 'conduct',
    list: 'conduct',
    entryActs: [{ act: 'setClassStatus', code: 'filing' }, { act: 'closeAttendance' }],
    next: 'results',
  });
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
  return {
    step: 'training.reinspection',
    kind: 'reinspection',
    role: 'inspector',
    level: terms.offices.inspection,
    outcomes: ['rectified', 'not_rectified'],
    workingDays: terms.days.inspection,
    fourEyes: [],
  };
}
