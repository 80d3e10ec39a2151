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
import * as linkedProcedures from './202611251500_link_procedures.ts';
import * as grantsInForce from './202611251501_view_grants_in_force.ts';
import * as operations from './202611251510_watch_operations.ts';
import * as bulkJobs from './202611251520_create_bulk_jobs.ts';
import * as correctionItems from './202611251530_create_correction_items.ts';
import * as budgets from './202611251540_confirm_budgets.ts';
import * as packs from './202611251541_upload_packs.ts';
import * as priorBenefits from './202611251542_upload_prior_benefits.ts';
import * as payingAccounts from './202611251543_confirm_paying_accounts.ts';
import * as projectVersions from './202611251544_version_projects.ts';
import * as rungs from './202611251610_record_rungs.ts';
import * as bulkReassignments from './202611251611_reassign_in_bulk.ts';
import * as substitutes from './202611251612_name_substitutes.ts';
import * as digests from './202611251613_digest_mails.ts';

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
  { name: '202611251500_link_procedures', sql: linkedProcedures.sql },
  { name: '202611251501_view_grants_in_force', sql: grantsInForce.sql },
  { name: '202611251510_watch_operations', sql: operations.sql },
  { name: '202611251520_create_bulk_jobs', sql: bulkJobs.sql },
  { name: '202611251530_create_correction_items', sql: correctionItems.sql },
  { name: '202611251540_confirm_budgets', sql: budgets.sql },
  { name: '202611251541_upload_packs', sql: packs.sql },
  { name: '202611251542_upload_prior_benefits', sql: priorBenefits.sql },
  { name: '202611251543_confirm_paying_accounts', sql: payingAccounts.sql },
  { name: '202611251544_version_projects', sql: projectVersions.sql },
  { name: '202611251610_record_rungs', sql: rungs.sql },
  { name: '202611251611_reassign_in_bulk', sql: bulkReassignments.sql },
  { name: '202611251612_name_substitutes', sql: substitutes.sql },
  { name: '202611251613_digest_mails', sql: digests.sql },
];
