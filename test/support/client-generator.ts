/** A TypeScript client made of the document: a type for every body and answer, a function for every operation. Whoever works against the product may do the same. */
import type { ApiDocument, ApiOperation } from '../../api/api-docs/openapi.ts';
import type { JsonSchema } from '../../api/api-docs/examples.ts';

const runtime = `
export type Answer<T> = { status: number; body: T; headers: Headers };
export type Send = { origin: string; token?: string };

async function send<T>(to: Send, method: string, path: string, query: object | undefined, headers: object | undefined, body: unknown): Promise<Answer<T>> {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) asked.set(name, String(value));
  const answer = await fetch(to.origin + path + (asked.size > 0 ? '?' + asked : ''), {
    method,
    headers: {
      accept: 'application/json',
      ...(to.token === undefined ? {} : { authorization: 'Bearer ' + to.token }),
      ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = /json/.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, body: (json ? JSON.parse(text) : text) as T, headers: answer.headers };
}

/** The answer, or the problem as an error. */
export async function expectOk<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  const given = await answer;
  if (given.status >= 400) throw new Error(given.status + ' ' + JSON.stringify(given.body));
  return given;
}
`;

export function generateClient(document: ApiDocument): string {
  const types = Object.entries(document.components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`);
  const functions = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => functionOf(path, method, operation)),
  );
  return `${runtime}\n${types.join('\n')}\n\n${functions.join('\n')}\n`;
}

function functionOf(path: string, method: string, operation: ApiOperation): string {
  const given = (place: string) => (operation.parameters ?? []).filter((parameter) => parameter.in === place);
  const group = (place: string, name: string): string[] => {
    const fields = given(place).map(
      ({ name: field, required, schema }) => `${JSON.stringify(field)}${required ? '' : '?'}: ${typeOf(schema)}`,
    );
    if (fields.length === 0) return [];
    return [`${name}${given(place).some(({ required }) => required) ? '' : '?'}: { ${fields.join('; ')} }`];
  };
  const [bodyType, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const bodyField = body ? [`body: ${typeOf(body.schema ?? {})}${bodyType === 'multipart/form-data' ? ' | FormData' : ''}`] : [];
  const input = [...group('path', 'path'), ...group('query', 'query'), ...group('header', 'headers'), ...bodyField];
  const optional = input.every((field) => field.includes('?: {'));
  const [, success] = Object.entries(operation.responses).find(([status]) => status.startsWith('2')) ?? [];
  const answered = success?.content?.['application/json'];
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `\${encodeURIComponent(input.path[${JSON.stringify(name)}])}`);
  const part = (name: string): string => (input.some((field) => field.startsWith(name)) ? `input.${name}` : 'undefined');
  const argument = input.length === 0 ? '' : `, input: { ${input.join('; ')} }${optional ? ' = {}' : ''}`;
  return (
    `/** ${operation.summary.replaceAll('*/', '* /')} */\n` +
    `export function ${operation.operationId}(to: Send${argument}): Promise<Answer<${answered ? typeOf(answered.schema ?? {}) : 'string'}>> {\n` +
    `  return send(to, '${method.toUpperCase()}', \`${address}\`, ${part('query')}, ${part('headers')}, ${part('body')});\n}`
  );
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const among = schema.anyOf ?? schema.oneOf;
  if (among) return `(${among.map(typeOf).join(' | ')})`;
  if (schema.allOf) return `(${schema.allOf.map(typeOf).join(' & ')})`;
  const types = [schema.type ?? []].flat();
  return types.length === 0 ? 'unknown' : types.map((type) => typeNamed(type, schema)).join(' | ');
}

function typeNamed(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'integer':
      return 'number';
    case 'array':
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(
        ([name, inner]) => `${JSON.stringify(name)}${schema.required?.includes(name) ? '' : '?'}: ${typeOf(inner)}`,
      );
      const rest = typeof schema.additionalProperties === 'object' ? `Record<string, ${typeOf(schema.additionalProperties)}>` : '';
      if (fields.length === 0) return rest || 'Record<string, unknown>';
      return `{ ${fields.join('; ')} }${rest ? ` & Record<string, unknown>` : ''}`;
    }
    default:
      return type;
  }
}
