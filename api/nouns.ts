/** The counters by noun. */
import { accountRoutes } from './accounts/routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { apiDocRoutes } from './api-docs/routes.ts';
import { attendanceRoutes } from './attendance/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { boardRoutes } from './board/routes.ts';
import { budgetRoutes } from './budgets/routes.ts';
import { calendarRoutes } from './calendar/routes.ts';
import { changeRoutes } from './changes/routes.ts';
import { clockRoutes } from './clock/routes.ts';
import { copyRoutes } from './copies/routes.ts';
import { correctionRoutes } from './corrections/routes.ts';
import { draftRoutes } from './drafts/routes.ts';
import { disclosureRoutes } from './disclosures/routes.ts';
import { grantRoutes } from './grants/routes.ts';
import { homeRoutes } from './home/routes.ts';
import { inspectionRoutes } from './inspections/routes.ts';
import { institutionRoutes } from './institutions/routes.ts';
import { letterRoutes } from './letters/routes.ts';
import { liveRoutes } from './live/routes.ts';
import { mailRoutes } from './mails/routes.ts';
import { noticeRoutes } from './notices/routes.ts';
import { operationsRoutes } from './operations/routes.ts';
import { materialRoutes } from './materials/routes.ts';
import { messageRoutes } from './messages/routes.ts';
import { fundRoutes } from './funds/routes.ts';
import { packRoutes } from './packs/routes.ts';
import { payingAccountRoutes } from './paying-accounts/routes.ts';
import { paymentRoutes } from './payments/routes.ts';
import { priorBenefitRoutes } from './prior-benefits/routes.ts';
import { projectRoutes } from './projects/routes.ts';
import { subsidyRoutes } from './subsidies/routes.ts';
import { resultRoutes } from './results/routes.ts';
import { paperRoutes } from './papers/routes.ts';
import { securityRoutes } from './security/routes.ts';
import { smsRoutes } from './sms/routes.ts';
import { rosterRoutes } from './roster/routes.ts';
import { classRoutes } from './classes/routes.ts';
import type { Counter } from './http/routing.ts';
import { substitutionRoutes } from './substitutions/routes.ts';
import { ownAccountRoutes } from './account/routes.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { setUpRoutes } from './set-up/routes.ts';
import { taskRoutes } from './tasks/routes.ts';
import { verificationRoutes } from './verifications/routes.ts';
import { workplaceRoutes } from './workplace/routes.ts';

const nouns: readonly ((counter: Counter) => void)[] = [
  homeRoutes,
  sessionRoutes,
  setUpRoutes,
  ownAccountRoutes,
  substitutionRoutes,
  disclosureRoutes,
  institutionRoutes,
  projectRoutes,
  packRoutes,
  priorBenefitRoutes,
  clockRoutes,
  adminRoutes,
  accountRoutes,
  grantRoutes,
  securityRoutes,
  auditRoutes,
  mailRoutes,
  smsRoutes,
  letterRoutes,
  operationsRoutes,
  calendarRoutes,
  workplaceRoutes,
  liveRoutes,
  noticeRoutes,
  draftRoutes,
  taskRoutes,
  correctionRoutes,
  boardRoutes,
  subsidyRoutes,
  paymentRoutes,
  fundRoutes,
  budgetRoutes,
  payingAccountRoutes,
  paperRoutes,
  rosterRoutes,
  materialRoutes,
  messageRoutes,
  copyRoutes,
  classRoutes,
  attendanceRoutes,
  changeRoutes,
  inspectionRoutes,
  resultRoutes,
  verificationRoutes,
  apiDocRoutes,
];

export function mountNouns(counter: Counter): void {
  for (const mount of nouns) mount(counter);
}
