/** From the document of the addresses to what the reference prints: one page for each noun. */
import type { ApiContent, ApiDocument, ApiOperation } from './openapi.ts';
import type { JsonSchema } from './examples.ts';
import type { Locale, Translate } from '../pages/i18n.ts';
import { chineseSummaries } from './summaries.ts';

type Reader = { t: Translate; locale: Locale };
type Field = { name: string; type: string; required: boolean; note: string };
type Operation = { id: string; method: string; path: string; summary: string; who: string };

/** Nouns in the order in which the product mounts them, each with its operations. */
export function nounsOf(document: ApiDocument, reader: Reader): { noun: string; label: string; operations: Operation[] }[] {
  const nouns = new Map<string, Operation[]>();
  for (const { method, path, operation } of operationsOf(document)) {
    const noun = operation.tags[0] ?? '';
    const known = nouns.get(noun) ?? [];
    nouns.set(noun, [...known, lineOf(method, path, operation, reader)]);
  }
  return [...nouns].map(([noun, operations]) => ({ noun, label: reader.t(`api-docs.nouns.${noun}`), operations }));
}

/** Every operation that has to do with a noun, with fields, statuses and examples. */
export function nounDetail(document: ApiDocument, noun: string, reader: Reader) {
  return operationsOf(document)
    .filter(({ operation }) => operation.tags.includes(noun))
    .map(({ method, path, operation }) => {
      const body = firstOf(operation.requestBody?.content);
      const [status = '200', success] = Object.entries(operation.responses)[0] ?? [];
      const answer = firstOf(success?.content);
      return {
        ...lineOf(method, path, operation, reader),
        parameters: (operation.parameters ?? []).map(({ name, in: place, required, schema, description }) => ({
          name,
          place: reader.t(`api-docs.places.${place}`),
          type: typeOf(schema),
          required: required === true,
          note: [description, limitsOf(schema)].filter(Boolean).join('; '),
        })),
        body: body && { type: body.type, fields: fieldsOf(body.content.schema ?? {}, document), example: printed(body.content.example) },
        answer: answer && {
          status,
          type: Object.keys(success?.content ?? {}).join(', '),
          fields: fieldsOf(answer.content.schema ?? {}, document),
          example: printed(answer.content.example),
        },
        refusals: Object.keys(operation.responses)
          .filter((code) => code >= '400')
          .map((code) => ({ code, words: reader.t(`api-docs.statuses.${code}`) })),
      };
    });
}

function operationsOf(document: ApiDocument): { method: string; path: string; operation: ApiOperation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
}

function lineOf(method: string, path: string, operation: ApiOperation, { t, locale }: Reader): Operation {
  const roles = operation['x-roles']?.map((role) => t(`common.roles.${role}`)).join(t('common.listSeparator'));
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    summary: (locale === 'zh-CN' ? chineseSummaries[operation.operationId] : undefined) ?? operation.summary,
    who: roles ?? t(operation.security.length === 0 ? 'api-docs.public' : 'api-docs.signedIn'),
  };
}

function firstOf(content: Record<string, ApiContent> | undefined): { type: string; content: ApiContent } | undefined {
  const [first] = Object.entries(content ?? {});
  return first && { type: first[0], content: first[1] };
}

function printed(example: unknown): string {
  return example === undefined ? '' : JSON.stringify(example, undefined, 2);
}

const DEEPEST = 3;

/** Fields with dots and `[]`, as `issues[].field` of a refusal names them. */
function fieldsOf(schema: JsonSchema, document: ApiDocument, prefix = '', depth = 0): Field[] {
  const { properties = {}, required = [] } = resolve(schema, document);
  return Object.entries(properties).flatMap(([name, given]) => {
    const inner = resolve(given, document);
    const items = inner.items && resolve(inner.items, document);
    const path = `${prefix}${name}`;
    const field = { name: path, type: typeOf(inner), required: required.includes(name), note: limitsOf(inner) };
    if (depth >= DEEPEST) return [field];
    return [
      field,
      ...fieldsOf(inner, document, `${path}.`, depth + 1),
      ...(items?.properties ? fieldsOf(items, document, `${path}[].`, depth + 1) : []),
    ];
  });
}

/** The schema itself: behind a reference, or the one beside null. */
function resolve(schema: JsonSchema, document: ApiDocument): JsonSchema {
  if (schema.$ref) return resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, document);
  const among = schema.anyOf ?? schema.oneOf;
  const only = among?.filter((one) => one.type !== 'null');
  return only?.length === 1 && only[0]
    ? { ...resolve(only[0], document), ...(among?.length === 2 ? { description: 'null' } : {}) }
    : schema;
}

/** The alternatives without the empty text, which a form sends for a field left open. */
function alternativesOf(schema: JsonSchema): JsonSchema[] | undefined {
  return (schema.anyOf ?? schema.oneOf)?.filter((one) => one.const !== '');
}

function typeOf(schema: JsonSchema): string {
  const among = alternativesOf(schema);
  if (among) return [...new Set(among.map(typeOf))].join(' | ');
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? '';
  const types = schema.const === undefined ? [schema.type ?? 'any'].flat() : [JSON.stringify(schema.const)];
  return (
    types.map((type) => (type === 'array' ? `${typeOf(schema.items ?? {})}[]` : type)).join(' | ') +
    (schema.format ? ` (${schema.format})` : '')
  );
}

function limitsOf(schema: JsonSchema): string {
  const among = alternativesOf(schema);
  if (among) return [...new Set(among.map(limitsOf))].filter((note) => note !== '').join(' / ');
  const parts: string[] = [];
  if (schema.enum) parts.push(schema.enum.map(String).join(' | '));
  if (schema.description) parts.push(schema.description);
  if (schema.minLength !== undefined || schema.maxLength !== undefined)
    parts.push(`${schema.minLength ?? 0}–${schema.maxLength ?? '…'} chars`);
  if (schema.minimum !== undefined && schema.minimum > -1e9) parts.push(`≥ ${schema.minimum}`);
  if (schema.maximum !== undefined && schema.maximum < 1e9) parts.push(`≤ ${schema.maximum}`);
  return parts.join('; ');
}
