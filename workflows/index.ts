/** The named list of workflows: every function exported here is one. */
export { calendarNotice } from './calendar-notice.ts';
export { objection } from './objection.ts';
export { publicDisclosure } from './public-disclosure.ts';
export { reconciliation } from './reconciliation.ts';
export { subsidyApplication } from './subsidy-application.ts';
export { subsidyPayment } from './subsidy-payment.ts';
export { supervisionOrder } from './supervision-order.ts';
export { trainingClass } from './training-class.ts';
