/** The counters by noun. */
import { homeRoutes } from './home/routes.ts';
import type { Counter } from './routing.ts';
import { sessionRoutes } from './sessions/routes.ts';

const nouns: readonly ((counter: Counter) => void)[] = [homeRoutes, sessionRoutes];

export function mountNouns(counter: Counter): void {
  for (const mount of nouns) mount(counter);
}
