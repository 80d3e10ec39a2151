/** The acts of the office that a step can perform in its transaction, by name, with what each is told. */
import type { ApplicationStatus } from './money/application.ts';
import type { Outcome } from './stages.ts';
import type { ClassStatus } from './classes/class.ts';

type Nothing = object;
/** About a fact, and about the task that it decided. */
type AboutFact = { factNo: number; taskId?: string };

type Told = {
  answerRung: AboutFact;
  applyChange: AboutFact;
  approveApplication: Nothing;
  approveClass: Nothing;
  closeApplication: { code: Outcome<'subsidyApplication'> };
  closeAttendance: Nothing;
  closeBatch: { code: Outcome<'subsidyPayment'> };
  closeClass: { code: Outcome<'trainingClass'> };
  closeObjection: { code: Outcome<'objection'> };
  countLines: Nothing;
  endDisclosure: Nothing;
  fileClass: Nothing;
  issueCorrectionNotice: AboutFact;
  orderRectification: { taskId: string };
  refuseChange: AboutFact;
  retryFailedLines: Nothing;
  sendBankFile: Nothing;
  setApplicationStatus: { code: ApplicationStatus };
  setClassStatus: { code: ClassStatus };
};

export type OfficeActName = keyof Told;
export type OfficeAct<A extends OfficeActName = OfficeActName> = { [One in A]: { act: One } & Told[One] }[A];
