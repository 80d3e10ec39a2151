/** A roster as pages show it: full name, masked numbers, group, verdict in words, amount with standard, percentage and source. */
import type { RosterLine } from '../../db/roster/roster.ts';
import { findingsOf } from '../../db/roster/uploads.ts';
import type { Verdict } from '../../workflows/domain/policy/eligibility.ts';
import type { Calculation } from '../../workflows/domain/money/calculator.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { maskAccount, maskId, maskPhone } from '../../workflows/domain/people/identity.ts';
import type { RosterError, RosterField } from '../../workflows/domain/roster/roster.ts';
import type { SheetRow } from '../../workflows/domain/formats/sheet.ts';
import type { Locale, Translate, Words } from '../pages/i18n.ts';

type Speech = { t: Translate; words: Words; locale: Locale };

export function rosterLineView(line: RosterLine, { t, locale, words }: Speech) {
  const verdict = line.eligibility as Partial<Verdict> | null;
  const trace = line.amount_trace as Calculation | null;
  const group = findGroup(line.group_code);
  const judged = verdict?.hits !== undefined;
  return {
    id: line.id,
    seat: line.seat,
    name: line.name,
    idMasked: line.id_masked,
    phone: line.phone_masked,
    bank: line.bank_name,
    account: line.account_masked,
    group: group ? (locale === 'en' ? group.en : group.zh) : line.group_code,
    groupCode: line.group_code,
    status: line.status,
    statusLabel: t(`roster.status.${line.status}`),
    statusReason: line.status_reason,
    held: line.held_by !== null,
    judged,
    eligible: verdict?.eligible === true,
    findings: findingViews(findingsOf(verdict), t),
    amountFen: line.amount_fen,
    standardFen: trace?.standardFen,
    percent: trace?.percent,
    formula: trace?.formula ?? '',
    source: sourceOf(trace),
    unsourced: (trace?.lines ?? []).some((part) => !part.sourced),
    lines: (trace?.lines ?? []).map((part) => ({
      ...part,
      label: words.has(`calculator.${part.code}`) ? t(`calculator.${part.code}`) : part.code,
    })),
  };
}

/** What speaks against a person, in words. */
export function findingViews(findings: ReturnType<typeof findingsOf>, t: Translate): { text: string; source: string }[] {
  return findings.map(({ code, params, source }) => ({ text: t(`errors.${code}`, params), source }));
}

function sourceOf(trace: Calculation | null): string {
  const basis = trace?.lines?.[0];
  return basis ? [basis.source, basis.article].filter(Boolean).join(' ') : '';
}

export type RosterRefusal = {
  row: number;
  column: number;
  columnName: string;
  field: string;
  value: string;
  message: string;
  code: string;
};

/** What is wrong at which cell, with the cell's value masked: the page may be looked at over a shoulder. */
export function refusalView(rows: readonly SheetRow[], errors: readonly RosterError[], t: Translate): RosterRefusal[] {
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return errors.map((error) => ({
    row: error.row,
    column: error.column,
    columnName: error.field === 'roster' ? '' : t(`roster.fields.${error.field}`),
    field: error.field,
    value: error.field === 'roster' ? '' : maskCell(error.field, byNumber.get(error.row)?.cells[error.column - 1]?.text ?? ''),
    message: t(`errors.${error.code}`, error.params),
    code: error.code,
  }));
}

function maskCell(field: RosterField, text: string): string {
  const plain = text.trim();
  if (plain === '' || plain.startsWith('=')) return plain.slice(0, 40);
  if (field === 'idNumber') return plain.length > 10 ? maskId(plain) : '*'.repeat(plain.length);
  if (field === 'phone') return plain.length > 7 ? maskPhone(plain) : '*'.repeat(plain.length);
  if (field === 'account') return plain.length > 8 ? maskAccount(plain) : '*'.repeat(plain.length);
  return plain.slice(0, 40);
}
