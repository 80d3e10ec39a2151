/** The statuses of a subsidy application and what its institution may do in each. Pages, REST and the record ask this table. */
export const applicationStatuses = [
  'in_review',
  'correction',
  'notice',
  'approval',
  'approved',
  'paying',
  'paid',
  'refused',
  'withdrawn',
  'expired',
] as const;
export type ApplicationStatus = (typeof applicationStatuses)[number];

export type ApplicationAct = 'withdraw';

const acts: Record<ApplicationStatus, readonly ApplicationAct[]> = {
  in_review: ['withdraw'],
  correction: ['withdraw'],
  notice: ['withdraw'],
  approval: ['withdraw'],
  approved: [],
  paying: [],
  paid: [],
  refused: [],
  withdrawn: [],
  expired: [],
};

/** Nothing is taken back once its money is committed. */
export function mayApplication(application: { status: ApplicationStatus; approved_fen: number | null }, act: ApplicationAct): boolean {
  return acts[application.status].includes(act) && application.approved_fen === null;
}
