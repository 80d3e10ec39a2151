/** The API process: the order of what a request passes, on one screen. */
import express, { type Express, type Request } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { readDemonstrationStrip } from '../db/views/demonstration/strip.ts';
import type { Vault } from '../db/vault.ts';
import { countsFor } from '../db/views/inbox/navigation-counts.ts';
import { NotFoundError } from '../workflows/domain/errors.ts';
import { loadAssets } from './pages/assets.ts';
import type { ApiConfig } from './config.ts';
import { readBodies } from './http/bodies.ts';
import { handleErrors } from './http/errors.ts';
import { type HealthCheck, mountHealth } from './health/health.ts';
import { loadWords } from './pages/i18n.ts';
import { refuseOtherMethods } from './http/methods.ts';
import { mountNouns } from './nouns.ts';
import { mountOpenApi } from './api-docs/openapi.ts';
import { createRenderer, type Surroundings } from './pages/render.ts';
import { countRequests, type RequestCounts } from './http/requests.ts';
import { type ApiDeps, type Counter, type RegistersControl, toNouns } from './http/routing.ts';
import { meetVisitor, requireSameOrigin, secureHeaders } from './http/security.ts';
import { visitOf } from './http/visit.ts';

export type AppDeps = {
  db: Knex;
  vault: Vault;
  config: ApiConfig;
  log: Logger;
  /** Named checks of /readyz. */
  checks: Record<string, HealthCheck>;
  registersControl?: RegistersControl | undefined;
  /** Counts of requests that somebody reads as metrics. */
  requests?: RequestCounts | undefined;
  leaving?: AbortSignal | undefined;
};

export function createApp({ db, vault, config, log, checks, registersControl, requests, leaving }: AppDeps): Express {
  const app = express();
  const words = loadWords();
  const assets = loadAssets();
  const renderer = createRenderer({ config, words, assets, db, surroundings: surroundingsOf(db, config) });
  const deps: ApiDeps = { db, vault, config, log, words, renderer, registersControl, leaving };
  const counter: Counter = { routers: new Map(), deps, routes: [] };

  app.disable('x-powered-by');
  app.set('trust proxy', config.trustedProxies);
  app.set('query parser', 'extended');
  // Answers to people are never kept by a cache; versions of things are set by their routes.
  app.set('etag', false);
  mountHealth(app, checks);
  app.get('/public/*file', (req, res, next) => {
    const asset = assets.find(req.path);
    if (!asset) return next(new NotFoundError('page'));
    return res.setHeader('Cache-Control', 'public, max-age=31536000, immutable').type(asset.type).send(asset.content);
  });
  app.use((requests ?? countRequests(log)).handler);
  app.use(meetVisitor(db, config, words));
  app.use(...secureHeaders(config));
  app.use(requireSameOrigin(config));
  app.use(...readBodies());
  mountNouns(counter);
  mountOpenApi(counter);
  app.use(toNouns(counter));
  app.use(refuseOtherMethods(counter));
  app.use((_req, _res, next) => next(new NotFoundError('page')));
  app.use(handleErrors(deps));
  return app;
}

const nothingAround: Surroundings = { businessTime: undefined, filling: undefined, demoAccounts: [], counts: {} };

function surroundingsOf(db: Knex, config: ApiConfig): (req: Request) => Promise<Surroundings> {
  return async (req) => {
    const actor = visitOf(req).session?.actor;
    try {
      const [strip, counts] = await Promise.all([
        config.demo ? readDemonstrationStrip(db) : nothingAround,
        actor ? countsFor(db, actor) : {},
      ]);
      return { ...strip, counts };
    } catch {
      // The page that says that the database is away must not need the database.
      return nothingAround;
    }
  };
}
