/** What somebody typed to find something, where it would be kept: nobody knows whose number it is. */
import { findPersonalNumber } from './personal-numbers.ts';

/** A filter for the record: of what was typed only that there was something. */
export function withoutTyped<Filter extends object>(filter: Filter, ...typed: (keyof Filter)[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, value !== undefined && typed.includes(name as keyof Filter) ? true : value]),
  );
}

/** The name of a file that somebody chose; where it holds the number of a person, without a digit. */
export function withoutNumbers(fileName: string, today: string): string {
  if (!findPersonalNumber(fileName, today)) return fileName;
  return fileName.replace(/[\p{N}〇零○壹幺贰两叁肆伍陆柒捌玖一二三四五六七八九]/gu, '*');
}
