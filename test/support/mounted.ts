/** Every address of the product, declared and not opened: for tests that read the declarations. */
import knex from 'knex';
import pino from 'pino';
import { readApiConfig } from '../../api/config.ts';
import { documentOf } from '../../api/api-docs/openapi.ts';
import type { Counter } from '../../api/http/routing.ts';
import { mountNouns } from '../../api/nouns.ts';
import { loadWords } from '../../api/pages/i18n.ts';
import type { Renderer } from '../../api/pages/render.ts';
import { openVault } from '../../db/vault.ts';

/** Nothing here asks a database. */
export const counter: Counter = {
  routers: new Map(),
  routes: [],
  deps: {
    db: knex({ client: 'pg' }),
    vault: openVault({ keys: { k1: Buffer.alloc(32, 1) }, currentKid: 'k1', indexKey: Buffer.alloc(32, 2) }),
    config: readApiConfig({ port: 0, demo: true, strict: true }, {}),
    log: pino({ level: 'silent' }),
    words: loadWords(),
    renderer: {} as Renderer,
  },
};
mountNouns(counter);
export const document = documentOf(counter);
