/** How figures are printed: one JSON line each, and a table at the end. */
export type Figure = { name: string; value: number; unit: string; limit?: { name: string; value: number }; aim?: string; note?: string };

export const figures: Figure[] = [];

export function put(figure: Figure): void {
  figures.push(figure);
  process.stdout.write(`${JSON.stringify({ ...figure, ...(figure.limit ? { ratio: round(figure.value / figure.limit.value) } : {}) })}\n`);
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function table(): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    figure.limit ? `${figure.limit.name} ${round(figure.limit.value)}` : '',
    figure.limit ? String(round(figure.value / figure.limit.value)) : '',
    figure.aim ?? '',
  ]);
  return tableOf(['figure', 'value', 'limit in the same run', 'ratio', 'aim'], rows);
}

/** Columns as wide as what stands in them. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
