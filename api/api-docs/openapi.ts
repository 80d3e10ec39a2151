/** The OpenAPI 3.1 document, made of the same declarations that open the addresses. */
import type { ZodType } from 'zod';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { exampleOf, type JsonSchema } from './examples.ts';
import { mediaTypes } from '../http/replies.ts';
import { routerOf, type Counter, type RegisteredRoute } from '../http/routing.ts';

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
    issues: z
      .array(
        z.object({
          field: z.string(),
          code: z.string(),
          message: z.string(),
          params: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
        }),
      )
      .optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

const words: Record<number, string> = {
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict: names who or what was earlier',
  412: 'Somebody else changed it meanwhile: the version of If-Match is not the present one',
  422: 'What was entered is wrong: issues[] name the fields',
  429: 'Too many attempts',
  503: 'A service does not answer; the same request may be sent again',
};

export function mountOpenApi(counter: Counter): void {
  routerOf(counter, '/openapi.json').get('/openapi.json', (_req, res) => {
    res.json(documentOf(counter));
  });
}

const documents = new WeakMap<Counter, ApiDocument>();

/** The document of what is mounted, made when it is first asked for. */
export function documentOf(counter: Counter): ApiDocument {
  let document = documents.get(counter);
  if (!document) {
    document = describe(counter.routes);
    documents.set(counter, document);
  }
  return document;
}

/** What of the document its readers here need: the page that shows it. */
export type ApiDocument = {
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, ApiOperation>>;
  components: { schemas: Record<string, JsonSchema> };
};
export type ApiOperation = {
  operationId: string;
  summary: string;
  tags: string[];
  security: unknown[];
  'x-roles'?: string[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: JsonSchema; example?: unknown }[];
  requestBody?: { content: Record<string, ApiContent> };
  responses: Record<string, { description: string; content?: Record<string, ApiContent> }>;
};
export type ApiContent = { schema?: JsonSchema; example?: unknown };

function describe(routes: readonly RegisteredRoute[]): ApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  const document = createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Shiming',
        version: '1.0.0',
        description: ABOUT,
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
        // What is kept by names of its own says of what kind its values are; that stays.
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    },
  ) as unknown as ApiDocument;
  addExamples(document);
  return document;
}

const ABOUT = `Real-name management of subsidised vocational training. Every address serves pages (Accept: text/html) and JSON (anything else).

- Sign in with POST /sign-in and send the token as \`Authorization: Bearer\`.
- What goes wrong is a problem (RFC 9457) with a stable \`code\`; \`issues[]\` name the fields of a form.
- Every write takes an \`Idempotency-Key\`: the same request under the same key is done once and gets the same answer; another one under it is a conflict.
- What several people may edit carries a version, also as \`ETag\`. Sent back as \`If-Match\` it refuses to overwrite what somebody else saved meanwhile (412); as \`version\` in the body likewise (409).
- Long lists come in pages: \`next\` of the answer is the cursor, sent back as \`after\`; it is null at the end. What changes meanwhile is neither shown twice nor passed over.
- \`Prefer: wait=n\` waits up to n seconds (at most 10) until a decision has taken effect.
- Readers pass over fields that they do not know: an answer may come to say more.`;

/** One of each body, each answer and each parameter. */
function addExamples({ paths, components }: ApiDocument): void {
  const schemas = components.schemas;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of operation.parameters ?? [])
      parameter.example =
        parameter.name === 'Idempotency-Key'
          ? 'b1c0a6f2-3c57-4f0e-9a1d-2f6f1d1f7c55'
          : exampleOf(parameter.schema, schemas, parameter.name);
    const contents = [
      operation.requestBody?.content,
      ...Object.entries(operation.responses).map(([status, { content }]) => (status < '300' ? content : undefined)),
    ];
    for (const content of contents.flatMap((one) => Object.values(one ?? {})))
      if (content.schema) content.example = exampleOf(content.schema, schemas);
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const problem = content?.['application/problem+json'];
      if (problem) problem.example = problemExample(Number(status));
    }
  }
}

const problemCodes: Record<number, string> = {
  401: 'notSignedIn',
  403: 'role',
  404: 'page',
  409: 'conflict',
  412: 'form.stale',
  422: 'invalidInput',
  429: 'signIn.tooMany',
  503: 'unavailable',
};

function problemExample(status: number): Record<string, unknown> {
  const code = problemCodes[status] ?? 'internal';
  return {
    type: `urn:shiming:problem:${code}`,
    title: words[status] ?? 'Error',
    status,
    detail: words[status] ?? 'Error',
    code,
    ...(status === 422 ? { issues: [{ field: 'title', code: 'required', message: '必填' }] } : {}),
    requestId: '9f2c4e1a7b3d5f60',
  };
}

/** `POST /tasks/{id}/claim` is `postTasksByIdClaim`: stable as long as the address is. */
function operationIdOf({ method, path }: RegisteredRoute): string {
  const parts = path.split(/[/.-]/).filter((part) => part !== '');
  const names = parts.map((part) => (/^[:*]/.test(part) ? `By${capital(part.slice(1))}` : capital(part)));
  return method + (names.join('') || 'Home');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function operation(route: RegisteredRoute): ZodOpenApiOperationObject {
  const failures = new Set([
    ...(route.access === 'public' ? [] : [401, 403]),
    ...(route.path.includes(':') || route.path.includes('*') ? [404] : []),
    // A page of something may be out of time: its class has moved on.
    ...(route.access !== 'public' && route.path.includes(':') ? [409] : []),
    ...(route.method === 'get' ? [] : [409, 422]),
    ...(route.query ? [422] : []),
    ...(route.guarded ? [412] : []),
    503,
    ...(route.errors ?? []),
  ]);
  const success = { description: 'OK', content: contentOf(route), ...(route.tagged ? { headers: tagHeader } : {}) };
  const responses: Record<string, unknown> = {
    ...(route.creates === true ? {} : { '200': success }),
    ...(route.creates ? { '201': success } : {}),
  };
  for (const status of [...failures].sort())
    responses[String(status)] = { description: words[status] ?? 'Error', content: { 'application/problem+json': { schema: problem } } };
  if (route.query) responses['431'] = { description: 'The address and the head of the request are together longer than 16 kB' };
  const parameters = paramsOf(route);
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    tags: route.tags,
    ...(route.access === 'public' ? { security: [] } : { security: [{ bearer: [] }, { cookie: [] }] }),
    ...(typeof route.access === 'string' ? {} : { 'x-roles': [...route.access] }),
    ...(parameters ? { requestParams: parameters } : {}),
    ...(route.body
      ? { requestBody: { content: { [route.upload ? 'multipart/form-data' : 'application/json']: { schema: route.body } } } }
      : {}),
    responses,
  } as ZodOpenApiOperationObject;
}

/** Pages that are forms. */
const pageView = z.looseObject({}).meta({
  id: 'PageView',
  description:
    'What a form holds and offers: the fields as they stand and the choices. Its names are those of the body of the write that it leads to',
});
const moved = z.object({ location: z.string() }).meta({ id: 'Moved', description: 'Done; the address at which a reader goes on' });

const tagHeader = { ETag: { description: 'The version, for If-Match of a later write', schema: { type: 'string' } } };

function contentOf(route: RegisteredRoute): Record<string, unknown> {
  if (!route.file) return { 'application/json': { schema: route.response ?? (route.method === 'get' ? pageView : moved) } };
  return Object.fromEntries(route.file.map((kind) => [mediaTypes[kind], {}]));
}

function paramsOf(route: RegisteredRoute): Record<string, ZodType> | undefined {
  const names = [...route.path.matchAll(/[:*](\w+)/g)].map((found) => found[1] ?? '');
  const path = names.length > 0 ? (route.params ?? z.object(Object.fromEntries(names.map((name) => [name, z.string()])))) : undefined;
  const header =
    route.method === 'get'
      ? undefined
      : z.object({
          'Idempotency-Key': z.string().max(200).optional(),
          ...(route.guarded
            ? {
                'If-Match': z
                  .string()
                  .optional()
                  .meta({ description: 'The ETag of what was read', examples: ['"3"'] }),
              }
            : {}),
          ...(route.waits
            ? {
                Prefer: z
                  .string()
                  .optional()
                  .meta({ description: 'wait=n', examples: ['wait=2'] }),
              }
            : {}),
        });
  if (!path && !route.query && !header) return undefined;
  return { ...(path ? { path } : {}), ...(route.query ? { query: route.query } : {}), ...(header ? { header } : {}) };
}
