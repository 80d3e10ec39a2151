/** A project as the catalogue shows it, with what the policy pack of its region pays for it. */
import type { Db } from '../../db/client.ts';
import { packFor } from '../../db/catalogue/policy-packs.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import type { ProjectLine } from '../../db/views/projects.ts';
import { InputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { calculate, standardOf, type SubsidyFacts } from '../../workflows/domain/money/calculator.ts';
import { findGroup, type GroupCode } from '../../workflows/domain/policy/groups.ts';
import { type PolicyPack, rule } from '../../workflows/domain/policy/policy.ts';
import type { Locale, Translate } from '../pages/i18n.ts';

/** The packs in force for the regions of these projects; a region may have none. */
export async function readPacks(db: Db, lines: readonly ProjectLine[]): Promise<Map<string, PolicyPack>> {
  const today = await businessToday(db);
  const packs = new Map<string, PolicyPack>();
  for (const path of new Set(lines.map((line) => line.region_path))) {
    try {
      packs.set(path, await packFor(db, path, today));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return packs;
}

function factsOf(line: ProjectLine): SubsidyFacts {
  return { kind: line.kind, level: line.level ?? undefined, occupation: line.occupation, hours: line.hours_min };
}

/** The pack may have no standard for a project, or ask for facts that nobody knows before the class. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function standardFor(line: ProjectLine, pack: PolicyPack | undefined) {
  return pack && orUndefined(() => standardOf(pack, factsOf(line)));
}

/** What is paid for one trainee: in general, and for the groups that get more; each with formula and source. */
export function standardsOf(line: ProjectLine, pack: PolicyPack, locale: Locale) {
  const uplifted = pack.values['uplift.groups']?.value ?? [];
  const [first] = uplifted;
  const rows: { groups: GroupCode[]; group: GroupCode | undefined }[] = [
    { groups: [], group: undefined },
    ...(first ? [{ groups: [...uplifted], group: first }] : []),
  ];
  return rows.flatMap(({ groups, group }) => {
    const result = orUndefined(() => calculate(pack, { ...factsOf(line), group }));
    if (!result) return [];
    return [
      {
        groups,
        name: groups.map((code) => findGroup(code)?.[locale === 'en' ? 'en' : 'zh'] ?? code),
        formula: result.formula,
        factors: result.percent !== 100,
        amountFen: result.amountFen,
        source: [...new Set(result.lines.map((part) => [part.source, part.article].filter(Boolean).join(' ')))].join('；'),
        sourced: result.lines.every((part) => part.sourced),
      },
    ];
  });
}

export function projectView(line: ProjectLine, pack: PolicyPack | undefined, { t, locale }: { t: Translate; locale: Locale }) {
  const standard = standardFor(line, pack);
  const age = pack && rule(pack, 'age');
  return {
    title: line.name,
    code: line.code,
    name: line.name,
    occupation: line.occupation,
    levelLabel: line.level === null ? t('projects.noLevel') : t(`projects.level.${line.level}`),
    kindLabel: t(`projects.kind.${line.kind}`),
    hours: line.hours_min,
    fundLabel: t(`funds.names.${line.fund}`),
    department: line.department,
    responsible: line.responsible,
    regionName: locale === 'en' ? line.region_en : line.region_zh,
    validFrom: line.valid_from,
    validTo: line.valid_to,
    inForce: line.in_force,
    standardFen: standard?.fen,
    source: standard ? [standard.basis.source, standard.basis.article].filter(Boolean).join(' ') : '',
    sourced: standard?.basis.sourced ?? false,
    ageText: age && t('projects.ageValue', { min: age.min, male: age.maleBelow, female: age.femaleBelow }),
    shares:
      pack && t('projects.sharesValue', { theory: rule(pack, 'hours.theoryMinPercent'), practice: rule(pack, 'hours.practiceMinPercent') }),
  };
}

export function projectJson(line: ProjectLine, pack: PolicyPack | undefined) {
  const standard = standardFor(line, pack);
  return {
    code: line.code,
    version: line.version,
    name: line.name,
    occupation: line.occupation,
    level: line.level,
    kind: line.kind,
    hoursMin: line.hours_min,
    fund: line.fund,
    department: line.department,
    responsible: line.responsible,
    region: { code: line.region, zh: line.region_zh, en: line.region_en },
    validFrom: line.valid_from,
    validTo: line.valid_to,
    inForce: line.in_force,
    packId: pack?.id ?? null,
    standard: standard
      ? { fen: standard.fen, source: standard.basis.source, article: standard.basis.article ?? null, sourced: standard.basis.sourced }
      : null,
  };
}
