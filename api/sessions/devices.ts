/**
 * Browsers in which a person has signed in before. Each carries a signed cookie that names its accounts by a keyed hash, so that whoever types wrong
 * passwords elsewhere keeps nobody out of the own browser. The cookie opens nothing: it only has attempts counted apart.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import type { ApiConfig } from '../config.ts';
import { readCookie, setCookie } from '../http/cookies.ts';

const KNOWN_DAYS = 180;
/** Several people may share a browser; whose last sign-in is longest ago is forgotten first. */
const ACCOUNTS_AT_MOST = 5;
const DAY_MS = 86_400_000;

type Entry = { day: number; nonce: string; mac: string };

/** The nonce of this browser for this account, if it is known; its attempts are counted under it. */
export function findDevice(req: Request, config: ApiConfig, login: string): string | undefined {
  return entriesOf(req, config).find((entry) => isOf(entry, config, login))?.nonce;
}

/** From now on this browser is known for this account. */
export function keepDevice(req: Request, res: Response, config: ApiConfig, login: string): void {
  const entries = entriesOf(req, config);
  const nonce = entries.find((entry) => isOf(entry, config, login))?.nonce ?? randomBytes(12).toString('base64url');
  const day = today();
  const own = { day, nonce, mac: macOf(config, login, day, nonce) };
  const others = entries.filter((entry) => !isOf(entry, config, login));
  const text = [own, ...others].slice(0, ACCOUNTS_AT_MOST).map((entry) => [entry.day, entry.nonce, entry.mac].join('.'));
  setCookie(res, 'device', text.join('~'), config, KNOWN_DAYS * 86_400);
}

function entriesOf(req: Request, config: ApiConfig): Entry[] {
  const found: Entry[] = [];
  for (const text of (readCookie(req, 'device', config) ?? '').split('~').slice(0, ACCOUNTS_AT_MOST)) {
    const [, day, nonce, mac] = /^(\d{1,6})\.([\w-]{16})\.([\w-]{43})$/.exec(text) ?? [];
    if (day && nonce && mac) found.push({ day: Number(day), nonce, mac });
  }
  return found;
}

function isOf({ day, nonce, mac }: Entry, config: ApiConfig, login: string): boolean {
  const fresh = day <= today() && today() - day < KNOWN_DAYS;
  return fresh && timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(config, login, day, nonce)));
}

const today = (): number => Math.floor(Date.now() / DAY_MS);

function macOf(config: ApiConfig, login: string, day: number, nonce: string): string {
  const key = Buffer.from(hkdfSync('sha256', config.secret, '', 'known devices', 32));
  return createHmac('sha256', key)
    .update(JSON.stringify([login.toLowerCase(), day, nonce]))
    .digest('base64url');
}
