/** The migrations in their order. A migration that has been released is never edited. */
import * as offices from './202611230900_create_offices.ts';
import * as procedures from './202611230910_create_procedures.ts';
import * as institutions from './202611230920_create_institutions.ts';
import * as classes from './202611230930_create_classes.ts';
import * as disclosures from './202611230940_create_disclosures.ts';
import * as subsidies from './202611230950_create_subsidies.ts';
import * as correspondence from './202611231000_create_correspondence.ts';
import * as deadlinesAgain from './202611251440_count_deadlines_again.ts';

export type Migration = { name: string; sql: string };

export const migrations: readonly Migration[] = [
  { name: '202611230900_create_offices', sql: offices.sql },
  { name: '202611230910_create_procedures', sql: procedures.sql },
  { name: '202611230920_create_institutions', sql: institutions.sql },
  { name: '202611230930_create_classes', sql: classes.sql },
  { name: '202611230940_create_disclosures', sql: disclosures.sql },
  { name: '202611230950_create_subsidies', sql: subsidies.sql },
  { name: '202611231000_create_correspondence', sql: correspondence.sql },
  { name: '202611251440_count_deadlines_again', sql: deadlinesAgain.sql },
];
