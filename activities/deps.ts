import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Vault } from '../db/vault.ts';

/** What the acts of the office work with. */
export type OfficeDeps = { db: Knex; vault: Vault; log: Logger; registersUrl: string | undefined };
