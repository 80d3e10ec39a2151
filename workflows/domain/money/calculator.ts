/**
 * What a trainee's subsidy comes to by a policy pack: standard × percentages, rounded once at the end, within caps. Every amount
 * comes with its formula and the source of each part, so that it can be explained and worked out again years later.
 */
import { inputError } from '../errors.ts';
import type { GroupCode } from '../policy/groups.ts';
import { assertFen, formatYuan, percentOf } from './money.ts';
import type { LevelTable, Mode, Payee, PolicyPack, RatePack, RateValues, Scarcity, SkillLevel, Sourced } from '../policy/policy.ts';

/** What the money is for; 'certificate' is a course that leads to a certificate of a skill level. */
export type SubsidyKind =
  | 'certificate'
  | 'single_ability'
  | 'completion'
  | 'special_operation'
  | 'special_operation_retest'
  | 'apprenticeship_year'
  | 'living_allowance';

/** What is known of the trainee and the class. A fact that the pack asks for and that is missing is an input error: silence never counts as yes. */
export type SubsidyFacts = {
  kind?: SubsidyKind;
  /** 5 = 初级工 … 1 = 高级技师. */
  level?: SkillLevel | number | undefined;
  occupation?: string | undefined;
  group?: GroupCode | undefined;
  hours?: number | undefined;
  mode?: Mode | undefined;
  scarcity?: Scarcity | undefined;
  actualFeeFen?: number | undefined;
  certificate?: boolean | undefined;
  contract?: boolean | undefined;
  employed?: boolean | undefined;
  /** A standard fixed outside the pack, such as the project's own in the catalogue. */
  standard?: { fen: number; source: string; sourced: boolean; article?: string } | undefined;
};

/** One part of an amount; `code` is a key under `calculator.` in the locales. */
export type CalculationLine = {
  code: string;
  value: number;
  unit: 'fen' | 'percent' | 'hours';
  source: string;
  sourced: boolean;
  article?: string;
};

export type Calculation = {
  packId: string;
  amountFen: number;
  /** Reads without words: '¥1,500.00 × 120% = ¥1,800.00'. */
  formula: string;
  lines: CalculationLine[];
  standardFen: number;
  /** The chain of percentages as one figure. */
  percent: number;
  /** Why nothing is paid, where nothing is. */
  reason?: 'below_min_hours' | 'no_share';
};

type Pack = RatePack | PolicyPack;
type Standard = { fen: number; formula: string; lines: CalculationLine[]; reason?: 'below_min_hours' };

/** Works out an amount. Throws InputError when a fact is missing or the pack has no standard for it. */
export function calculate(pack: Pack, facts: SubsidyFacts): Calculation {
  const standard = findStandard(pack, facts);
  const factors = standard.reason ? [] : findFactors(pack, facts);
  const percents = factors.map((line) => line.value);
  let amountFen = percentOf(standard.fen, percents);
  let formula = [standard.formula, ...percents.map((percent) => `${percent}%`)].join(' × ');
  const lines = [...standard.lines, ...factors];

  const caps = pack.values['training.amountsAreCaps'];
  if (caps?.value) {
    const feeFen = assertFen(needed(facts.actualFeeFen, 'actualFeeFen'));
    lines.push(line('actual_fee', feeFen, 'fen', caps));
    formula = `min(${formula}, ${formatYuan(feeFen)})`;
    amountFen = Math.min(amountFen, feeFen);
  }
  const reason = standard.reason ?? (percents.includes(0) ? 'no_share' : undefined);
  return {
    packId: pack.id,
    amountFen,
    formula: formula === formatYuan(amountFen) ? formula : `${formula} = ${formatYuan(amountFen)}`,
    lines,
    standardFen: standard.fen,
    percent: percents.reduce((product, percent) => (product * percent) / 100, 100),
    ...(reason ? { reason } : {}),
  };
}

/** The standard alone, without any factor: what a catalogue shows before anybody is enrolled. Throws InputError like `calculate`. */
export function standardOf(pack: Pack, facts: SubsidyFacts): { fen: number; basis: CalculationLine } {
  const { fen, lines } = findStandard(pack, facts);
  return { fen, basis: needed(lines[0], 'kind') };
}

/** Who is paid (B5): by group, else '*'; where enough of a class are from poor families the class rule decides. */
export function payeeOf(pack: Pack, group: GroupCode | undefined, poorFamilySharePercent = 0): Payee {
  const rule = pack.values['payee.classRule']?.value;
  if (rule && poorFamilySharePercent >= rule.poorFamilySharePercent) return rule.payee;
  const table = pack.values['payee.byGroup']?.value ?? {};
  return (group ? table[group] : undefined) ?? table['*'] ?? 'trainee';
}

function findStandard(pack: Pack, facts: SubsidyFacts): Standard {
  const kind = facts.kind ?? 'certificate';
  if (facts.standard) return plain('standard_of_project', facts.standard.fen, facts.standard);
  if (kind === 'completion') return byHours(facts, value(pack, 'training.completionCertificate'));
  if (kind === 'living_allowance') return livingAllowance(facts, value(pack, 'livingAllowance'));
  if (kind === 'single_ability') return ofValue('single_ability', value(pack, 'training.singleAbilityFen'));
  if (kind === 'special_operation') return ofValue('special_operation', value(pack, 'training.specialOperationLicenceFen'));
  if (kind === 'special_operation_retest') return ofValue('special_operation_retest', value(pack, 'training.specialOperationRetestFen'));
  if (kind === 'apprenticeship_year') return byLevel('apprenticeship_year', facts, value(pack, 'apprenticeship.perYearFen'));

  const table = pack.values['training.byOccupation'];
  const entry = table?.value.find((row) => row.occupation === facts.occupation);
  if (table && entry) return plain('standard_of_occupation', entry.amountFen, table);
  return byLevel('standard_of_level', facts, value(pack, 'training.byLevelFen'));
}

function byLevel(code: string, facts: SubsidyFacts, table: Sourced<LevelTable>): Standard {
  const fen = table.value[String(needed(facts.level, 'level')) as SkillLevel];
  if (fen === undefined) throw inputError('level', 'calculator.noStandard');
  return plain(code, fen, table);
}

function byHours(facts: SubsidyFacts, entry: RateEntry<'training.completionCertificate'>): Standard {
  const { minHours, perHourFen, maxFen } = entry.value;
  const hours = wholeHours(facts.hours);
  const lines = [line('hours', hours, 'hours', entry), line('per_hour', perHourFen, 'fen', entry)];
  if (hours < minHours) {
    return {
      fen: 0,
      formula: `${hours} < ${minHours}`,
      lines: [...lines, line('min_hours', minHours, 'hours', entry)],
      reason: 'below_min_hours',
    };
  }
  const product = `${hours} × ${formatYuan(perHourFen)}`;
  if (hours * perHourFen <= maxFen) return { fen: hours * perHourFen, formula: product, lines };
  return { fen: maxFen, formula: `min(${product}, ${formatYuan(maxFen)})`, lines: [...lines, line('max', maxFen, 'fen', entry)] };
}

function livingAllowance(facts: SubsidyFacts, entry: RateEntry<'livingAllowance'>): Standard {
  const hours = wholeHours(facts.hours);
  const { perLessonHourFen } = entry.value;
  return {
    fen: hours * perLessonHourFen,
    formula: `${hours} × ${formatYuan(perLessonHourFen)}`,
    lines: [line('hours', hours, 'hours', entry), line('per_hour', perLessonHourFen, 'fen', entry)],
  };
}

function findFactors(pack: Pack, facts: SubsidyFacts): CalculationLine[] {
  const { values } = pack;
  const lines: CalculationLine[] = [];
  // Percentages are shares of the standard; the living allowance is no share of anything.
  if (facts.kind === 'living_allowance') return lines;
  const groups = values['uplift.groups'];
  const uplift = values['uplift.percent'];
  if (groups && uplift && facts.group && groups.value.includes(facts.group)) {
    lines.push(line('group_uplift', 100 + uplift.value, 'percent', { ...uplift, sourced: uplift.sourced && groups.sourced }));
  }
  const scarce = values['factors.scarceUplift'];
  if (scarce && String(facts.level) === scarce.value.atLevel && needed(facts.scarcity, 'scarcity') !== 'ordinary') {
    lines.push(line('scarce_uplift', 100 + scarce.value.percent, 'percent', scarce));
  }
  const scarcity = values['factors.scarcityPercent'];
  if (scarcity) lines.push(line('scarcity', needed(scarcity.value[needed(facts.scarcity, 'scarcity')], 'scarcity'), 'percent', scarcity));
  const mode = values['factors.modePercent'];
  if (mode) lines.push(line('mode', needed(mode.value[needed(facts.mode, 'mode')], 'mode'), 'percent', mode));
  const matrix = values['factors.certificateContract'];
  if (matrix) {
    const certificate = needed(facts.certificate, 'certificate');
    const contract = needed(facts.contract, 'contract');
    const row = matrix.value.find((entry) => entry.certificate === certificate && entry.contract === contract);
    lines.push(line('certificate_contract', needed(row, 'certificate').percent, 'percent', matrix));
  }
  const employment = values['factors.employment'];
  if (employment)
    lines.push(line('employment', needed(facts.employed, 'employed') ? 100 : employment.value.percentIfUnemployed, 'percent', employment));
  return lines;
}

type RateEntry<K extends keyof RateValues> = Sourced<RateValues[K]>;

function value<K extends keyof RateValues>(pack: Pack, key: K): RateEntry<K> {
  const entry = (pack.values as Partial<{ [Key in keyof RateValues]: RateEntry<Key> }>)[key];
  if (!entry) throw inputError('kind', 'calculator.noStandard');
  return entry as RateEntry<K>;
}

function ofValue(code: string, entry: Sourced<number>): Standard {
  return plain(code, entry.value, entry);
}

function plain(code: string, fen: number, entry: Omit<Sourced<unknown>, 'value'>): Standard {
  return { fen: assertFen(fen), formula: formatYuan(fen), lines: [line(code, fen, 'fen', entry)] };
}

function line(code: string, amount: number, unit: CalculationLine['unit'], entry: Omit<Sourced<unknown>, 'value'>): CalculationLine {
  const { source, sourced, article } = entry;
  return { code, value: amount, unit, source, sourced, ...(article === undefined ? {} : { article }) };
}

function needed<T>(fact: T | undefined, field: string): T {
  if (fact === undefined) throw inputError(field, 'calculator.factMissing');
  return fact;
}

function wholeHours(hours: number | undefined): number {
  const known = needed(hours, 'hours');
  if (!Number.isSafeInteger(known) || known < 0) throw inputError('hours', 'calculator.hours');
  return known;
}
