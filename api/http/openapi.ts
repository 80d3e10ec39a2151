/** The OpenAPI 3.1 document, made of the same declarations that open the addresses. */
import type { ZodType } from 'zod';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { mediaTypes } from './replies.ts';
import { routerOf, type Counter, type RegisteredRoute } from './routing.ts';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    issues: z
      .array(z.object({ field: z.string(), code: z.string(), message: z.string(), params: z.record(z.string(), z.unknown()).optional() }))
      .optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

const words: Record<number, string> = {
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict: names who or what was earlier',
  422: 'What was entered is wrong: issues[] name the fields',
  429: 'Too many attempts',
  503: 'A service does not answer; the same request may be sent again',
};

export function mountOpenApi(counter: Counter): void {
  let document: unknown;
  routerOf(counter, '/openapi.json').get('/openapi.json', (_req, res) => {
    document ??= describe(counter.routes);
    res.json(document);
  });
}

export function describe(routes: readonly RegisteredRoute[]): unknown {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Shiming',
        version: '1.0.0',
        description: 'Real-name management of subsidised vocational training. Every address serves pages (Accept: text/html) and JSON.',
      },
      paths,
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Token answered by POST /sign-in' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'shiming-session' },
        },
      },
    },
    // An answer may say more than is promised: readers pass over what they do not know.
    {
      override: ({ jsonSchema, io }) => {
        if (io === 'output') delete jsonSchema.additionalProperties;
      },
    },
  );
}

function operation(route: RegisteredRoute): ZodOpenApiOperationObject {
  const failures = new Set([
    ...(route.access === 'public' ? [] : [401, 403]),
    ...(route.path.includes(':') || route.path.includes('*') ? [404] : []),
    // A page of something may be out of time: its class has moved on.
    ...(route.access !== 'public' && route.path.includes(':') ? [409] : []),
    ...(route.method === 'get' ? [] : [409, 422]),
    ...(route.query ? [422] : []),
    503,
    ...(route.errors ?? []),
  ]);
  const responses: Record<string, unknown> = {
    [route.creates ? '201' : '200']: { description: 'OK', content: contentOf(route) },
  };
  for (const status of [...failures].sort())
    responses[String(status)] = { description: words[status] ?? 'Error', content: { 'application/problem+json': { schema: problem } } };
  const parameters = paramsOf(route);
  return {
    summary: route.summary,
    tags: route.tags,
    ...(route.access === 'public' ? { security: [] } : { security: [{ bearer: [] }, { cookie: [] }] }),
    ...(parameters ? { requestParams: parameters } : {}),
    ...(route.body
      ? { requestBody: { content: { [route.upload ? 'multipart/form-data' : 'application/json']: { schema: route.body } } } }
      : {}),
    responses,
  } as ZodOpenApiOperationObject;
}

function contentOf(route: RegisteredRoute): Record<string, unknown> {
  if (!route.file) return { 'application/json': { schema: route.response ?? z.unknown() } };
  return Object.fromEntries(route.file.map((kind) => [mediaTypes[kind], {}]));
}

function paramsOf(route: RegisteredRoute): Record<string, ZodType> | undefined {
  const names = [...route.path.matchAll(/[:*](\w+)/g)].map((found) => found[1] ?? '');
  const path = names.length > 0 ? (route.params ?? z.object(Object.fromEntries(names.map((name) => [name, z.string()])))) : undefined;
  const header = route.method === 'get' ? undefined : z.object({ 'Idempotency-Key': z.string().max(200).optional() });
  if (!path && !route.query && !header) return undefined;
  return { ...(path ? { path } : {}), ...(route.query ? { query: route.query } : {}), ...(header ? { header } : {}) };
}
