/** The catalogue of subsidised projects (项目目录) as everybody reads it: what is in force on the business day. */
import { NotFoundError } from '../../workflows/domain/errors.ts';
import type { Db } from '../client.ts';
import { containing } from '../queries/text-search.ts';

export type ProjectKind = 'certificate' | 'single_ability';
export type ProjectLine = {
  code: string;
  version: number;
  name: string;
  occupation: string;
  level: number | null;
  kind: ProjectKind;
  fund: string;
  department: string;
  responsible: string;
  region: string;
  region_path: string;
  region_zh: string;
  region_en: string;
  hours_min: number;
  valid_from: string;
  valid_to: string | null;
  in_force: boolean;
};

export type ProjectFilter = {
  text?: string | undefined;
  level?: number | undefined;
  kind?: ProjectKind | undefined;
  /** Code of the last one shown. */
  after?: string | undefined;
  size: number;
};

const inForce = 'j.valid_from <= business_today() and (j.valid_to is null or j.valid_to > business_today())';
const columns = `j.code, j.version, j.name, j.occupation, j.level, j.kind, j.fund, j.department, j.responsible, j.region, r.path as region_path,
  r.name_zh as region_zh, r.name_en as region_en, j.hours_min, j.valid_from, j.valid_to, (${inForce}) as in_force`;

/** The projects in force, by code, a page at a time. */
export async function listProjects(db: Db, filter: ProjectFilter): Promise<{ lines: ProjectLine[]; next: string | undefined }> {
  const parts = [inForce];
  const bindings: Record<string, string | number> = { limit: filter.size + 1 };
  if (filter.level) {
    parts.push('j.level = :level');
    bindings['level'] = filter.level;
  }
  if (filter.kind) {
    parts.push('j.kind = :kind');
    bindings['kind'] = filter.kind;
  }
  if (filter.text) {
    const named = containing(['j.code', 'j.name', 'j.occupation'], filter.text);
    parts.push(named.sql);
    Object.assign(bindings, named.bindings);
  }
  if (filter.after) {
    parts.push('j.code > :after');
    bindings['after'] = filter.after;
  }
  const { rows } = await db.raw<{ rows: ProjectLine[] }>(
    `select ${columns} from catalogue_projects j join regions r on r.code = j.region where ${parts.join(' and ')} order by j.code limit :limit`,
    bindings,
  );
  const lines = rows.slice(0, filter.size);
  return { lines, next: rows.length > filter.size ? lines.at(-1)?.code : undefined };
}

/** A project, in force or not: the version that counts today, else the newest. Throws NotFoundError. */
export async function getProject(db: Db, code: string): Promise<ProjectLine> {
  const { rows } = await db.raw<{ rows: ProjectLine[] }>(
    `select ${columns} from catalogue_projects j join regions r on r.code = j.region where j.code = ? order by (${inForce}) desc, j.version desc limit 1`,
    [code],
  );
  if (!rows[0]) throw new NotFoundError('project.unknown');
  return rows[0];
}

export type ProjectVersion = {
  version: number;
  name: string;
  hoursMin: number;
  validFrom: string;
  validTo: string | null;
  endReason: string | null;
};

/** Every version of a code, the newest first. */
export async function listProjectVersions(db: Db, code: string): Promise<ProjectVersion[]> {
  return db('catalogue_projects')
    .where({ code })
    .orderBy('version', 'desc')
    .select('version', 'name', { hoursMin: 'hours_min', validFrom: 'valid_from', validTo: 'valid_to', endReason: 'end_reason' });
}

/** Listed institutions whose licence covers the occupation: who holds such classes, and who assesses. */
export async function listProvidersOf(
  db: Db,
  occupation: string,
  limit: number,
): Promise<{ credit_code: string; name: string; kind: string; region_zh: string; region_en: string }[]> {
  return db('institutions as i')
    .join('regions as r', 'r.code', 'i.region')
    .where('i.status', 'listed')
    .whereRaw('i.licence_scope @> array[?]::text[]', [occupation])
    .orderBy(['i.name', 'i.credit_code'])
    .limit(limit)
    .select('i.credit_code', 'i.name', 'i.kind', 'r.name_zh as region_zh', 'r.name_en as region_en');
}
