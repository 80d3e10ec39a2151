/** The counters by noun. */
import { boardRoutes } from './board/routes.ts';
import { calendarRoutes } from './calendar/routes.ts';
import { clockRoutes } from './clock/routes.ts';
import { disclosureRoutes } from './disclosures/routes.ts';
import { homeRoutes } from './home/routes.ts';
import { mailRoutes } from './mails/routes.ts';
import { fundRoutes } from './funds/routes.ts';
import { paymentRoutes } from './payments/routes.ts';
import { subsidyRoutes } from './subsidies/routes.ts';
import type { Counter } from './routing.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { taskRoutes } from './tasks/routes.ts';

const nouns: readonly ((counter: Counter) => void)[] = [
  homeRoutes,
  sessionRoutes,
  disclosureRoutes,
  clockRoutes,
  mailRoutes,
  calendarRoutes,
  taskRoutes,
  boardRoutes,
  subsidyRoutes,
  paymentRoutes,
  fundRoutes,
];

export function mountNouns(counter: Counter): void {
  for (const mount of nouns) mount(counter);
}
