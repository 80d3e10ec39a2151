/** The first page: for the public, and in a demonstration the accounts and what to try first. */
import { z } from 'zod';
import { hasRole } from '../../workflows/domain/scope.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { homeOf } from '../pages/navigation.ts';

export function homeRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/',
    summary: 'The first page',
    tags: ['home'],
    access: 'public',
    response: z.object({ name: z.string(), openapi: z.string() }),
    handle: ({ visitor, forPage }) =>
      visitor && !counter.deps.config.demo && forPage
        ? redirect(homeOf(visitor))
        : page(
            'home/index',
            { mails: visitor !== undefined && hasRole(visitor, 'system_admin') },
            { nav: 'home', json: { name: 'shiming', openapi: '/openapi.json' } },
          ),
  });
}
