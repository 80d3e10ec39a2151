/**
 * Examples for the document, made of its schemas: the names of the fields say what a real one looks like, all of it made up. Tests hold every
 * example against the schema that the product itself reads and answers by.
 */
export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  default?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  minItems?: number;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  description?: string;
};

const UUID = '0198a1f0-6c1e-7d3a-9b52-1f0c2a7be410';
const TASK = 'class-PX350104-2026-00011/pre_training.first_review/1';

/** By the name of a field; the last part of a camel-case name counts where the whole is not known. */
const texts: Readonly<Record<string, string>> = {
  number: 'PX350104-2026-00011',
  title: '中式烹调师（五级）第 11 期',
  name: '陈志明',
  zh: '初审',
  en: 'First review',
  login: 'cs-first-1',
  password: 'shiming-demo',
  newPassword: 'Guanlan-2026-cs',
  repeatPassword: 'Guanlan-2026-cs',
  reason: '现场检查发现场地与登记不符。',
  plan: '第一周理论，第二周实操，逐日考勤，结业考核。',
  note: '台风“海燕”停工一日',
  source: '闽人社文〔2022〕1号',
  purpose: '核对学员身份',
  answer: '已补充每日安排',
  grounds: '该学员培训期间在外地工作，请核查。',
  topic: '刀工基础',
  region: '350104',
  regionPath: '350000/350100/350104',
  creditCode: '52350104MA0000901M',
  code: 'FJ-2026-001',
  packId: 'fujian-2022',
  fund: 'employment_subsidy',
  procedure: 'class-PX350104-2026-00011',
  procedureId: 'class-PX350104-2026-00011',
  taskId: TASK,
  step: 'pre_training.first_review',
  round: '1',
  receipt: 'YY-2026-7K4M9Q',
  token: 'q3Jw0kq7mF0m1v5yQH2b8n4dT6sR9xLzA1cE3gI5kM7',
  next: 'eyJkdWUiOiIyMDI2LTAzLTA5In0',
  after: 'eyJkdWUiOiIyMDI2LTAzLTA5In0',
  q: '烹调',
  list: 'urgency=soon',
  label: '待补社保',
  home: '/tasks',
  location: '/tasks',
  lang: 'zh-CN',
  occupation: '中式烹调师',
  department: '人力资源和社会保障局',
  responsible: '职业能力建设科',
  address: '福州市仓山区建新镇 12 号',
  phone: '13800000000',
  account: '6228480000000000000',
  bank: '中国农业银行',
  holder: '福州市仓山区财政局',
  idNumber: '350104199003071229',
  certificateNumber: 'S35010420260001101',
  qualification: '技师',
  equipment: '灶位 26',
  document: '榕财社〔2026〕12号',
  href: '/classes/PX350104-2026-00011',
  path: '/classes',
  amount: '1000000.00',
  bankTemplate: 'common',
  text: '请补充每日安排',
  why: '初次审核时尚未提交该材料',
  outcome: 'approve',
  field: 'plan',
  part: 'plan',
  kind: 'review',
  remark: '到课情况与名册一致',
  companion: '林某',
  contact: '0591-83000000',
  licenceScope: '中式烹调师',
  to: 'cs-first-1@example.invalid',
};
const numbers: Readonly<Record<string, number>> = {
  year: 2026,
  version: 3,
  seat: 1,
  no: 1,
  round: 1,
  hours: 4,
  headcount: 30,
  count: 30,
  total: 30,
  amountFen: 7_000_000,
  percent: 100,
  workingDays: 3,
  capacity: 50,
  level: 5,
  size: 25,
  theoryScore: 82,
  practiceScore: 85,
  presentCount: 30,
};

/** An example of a schema; `components` are those of the same document. */
export function exampleOf(schema: JsonSchema, components: Readonly<Record<string, JsonSchema>>, name = '', depth = 0): unknown {
  if (schema.$ref) {
    const known = schema.$ref.split('/').at(-1) ?? '';
    return exampleOf(components[known] ?? {}, components, name, depth + 1);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  const among = schema.anyOf ?? schema.oneOf;
  if (among) return exampleOf(among.find((one) => one.type !== 'null') ?? {}, components, name, depth + 1);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => exampleOf(one, components, name, depth + 1)));
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type;
  switch (type) {
    case 'object':
      return objectOf(schema, components, depth);
    case 'array':
      if (schema.prefixItems) return schema.prefixItems.map((item) => exampleOf(item, components, name, depth + 1));
      return depth > DEEPEST && !schema.minItems
        ? []
        : Array.from({ length: schema.minItems ?? 1 }, () => exampleOf(schema.items ?? {}, components, singular(name), depth + 1));
    case 'string':
      return textOf(schema, name);
    case 'integer':
    case 'number':
      return numberOf(schema, name);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return name === '' || schema.properties ? objectOf(schema, components, depth) : (texts[name] ?? 'text');
  }
}

const DEEPEST = 7;

function objectOf(schema: JsonSchema, components: Readonly<Record<string, JsonSchema>>, depth: number): Record<string, unknown> {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {}).filter(([field]) => depth <= DEEPEST || required.has(field));
  return Object.fromEntries(fields.map(([field, inner]) => [field, exampleOf(inner, components, field, depth + 1)]));
}

function textOf(schema: JsonSchema, name: string): string {
  const formats: Readonly<Record<string, string>> = {
    date: '2026-03-23',
    'date-time': '2026-03-09T16:00:00.000Z',
    uuid: UUID,
    email: 'cs-first-1@example.invalid',
    uri: 'https://example.invalid/',
  };
  if (name === 'validTo' && schema.format === 'date') return '2027-03-23';
  if (schema.format && formats[schema.format]) return formats[schema.format] ?? '';
  const tail = name.replace(/^.*(?=[A-Z])/, '');
  const word = texts[name] ?? texts[tail.charAt(0).toLowerCase() + tail.slice(1)] ?? byEnding(name);
  const pattern = schema.pattern ? new RegExp(schema.pattern, 'u') : undefined;
  const fits = (text: string): boolean =>
    (!pattern || pattern.test(text)) &&
    text.length >= (schema.minLength ?? 0) &&
    text.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY);
  return [word, ...Object.values(texts), '1', UUID, '2026-03-23'].find(fits) ?? word;
}

function byEnding(name: string): string {
  if (/(?:^id|Id|By)$/.test(name)) return UUID;
  if (/(?:At|^now|^until)$/.test(name)) return '2026-03-09T16:00:00.000Z';
  if (/(?:Date|Day|^date|^day|^from|^to|^today|From|To)$/.test(name)) return '2026-03-23';
  return '示例';
}

function numberOf(schema: JsonSchema, name: string): number {
  const lowest = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + 1);
  const value = numbers[name] ?? (name.endsWith('Fen') ? 70_000 : 1);
  if (lowest !== undefined && lowest > -1e9 && value < lowest) return lowest;
  return schema.maximum !== undefined && value > schema.maximum ? schema.maximum : value;
}

/** The name of one of many: what `titles` holds is a `title`. */
function singular(name: string): string {
  return name.replace(/s$/, '');
}
