/** The migrations in their order. A migration that has been released is never edited. */
import * as offices from './202611230900_create_offices.ts';
import * as procedures from './202611230910_create_procedures.ts';
import * as institutions from './202611230920_create_institutions.ts';
import * as classes from './202611230930_create_classes.ts';
import * as disclosures from './202611230940_create_disclosures.ts';
import * as subsidies from './202611230950_create_subsidies.ts';
import * as correspondence from './202611231000_create_correspondence.ts';
import * as maintenance from './202611251410_maintain_institutions.ts';
import * as classMaterials from './202611251420_create_class_materials.ts';
import * as administrators from './202611251430_separate_administrators.ts';
import * as deadlinesAgain from './202611251440_count_deadlines_again.ts';
import * as correctionItems from './202611251530_create_correction_items.ts';

export type Migration = { name: string; sql: string };

export const migrations: readonly Migration[] = [
  { name: '202611230900_create_offices', sql: offices.sql },
  { name: '202611230910_create_procedures', sql: procedures.sql },
  { name: '202611230920_create_institutions', sql: institutions.sql },
  { name: '202611230930_create_classes', sql: classes.sql },
  { name: '202611230940_create_disclosures', sql: disclosures.sql },
  { name: '202611230950_create_subsidies', sql: subsidies.sql },
  { name: '202611231000_create_correspondence', sql: correspondence.sql },
  { name: '202611251410_maintain_institutions', sql: maintenance.sql },
  { name: '202611251420_create_class_materials', sql: classMaterials.sql },
  { name: '202611251430_separate_administrators', sql: administrators.sql },
  { name: '202611251440_count_deadlines_again', sql: deadlinesAgain.sql },
  { name: '202611251530_create_correction_items', sql: correctionItems.sql },
];
