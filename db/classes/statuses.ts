/** The groups of class statuses as SQL conditions, for statements that are written out. */
import { livingStatuses, runningStatuses, type ClassStatus } from '../../workflows/domain/classes/class.ts';

const among = (column: string, statuses: readonly ClassStatus[]): string =>
  `${column} in (${statuses.map((status) => `'${status}'`).join(', ')})`;

export const isLiving = (column: string): string => among(column, livingStatuses);
export const isRunning = (column: string): string => among(column, runningStatuses);
