/** Reading and writing the few cookies that there are. */
import type { CookieOptions, Request, Response } from 'express';
import type { ApiConfig } from '../config.ts';

export type CookieName = 'session' | 'lang' | 'flash' | 'kept' | 'density' | 'text' | 'device';

/** `__Host-` binds a cookie to this very host; browsers accept it over TLS only. */
export function cookieName(name: CookieName, config: ApiConfig): string {
  return config.https ? `__Host-shiming-${name}` : `shiming-${name}`;
}

export function readCookie(req: Request, name: CookieName, config: ApiConfig): string | undefined {
  const wanted = cookieName(name, config);
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === wanted) {
      try {
        return decodeURIComponent(part.slice(at + 1).trim());
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}

/** HttpOnly, SameSite=Lax; without `maxAgeSeconds` it ends with the browser. */
export function setCookie(res: Response, name: CookieName, value: string, config: ApiConfig, maxAgeSeconds?: number): void {
  res.cookie(cookieName(name, config), value, {
    ...attributes(config),
    ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds * 1000 }),
  });
}

export function clearCookie(res: Response, name: CookieName, config: ApiConfig): void {
  res.clearCookie(cookieName(name, config), attributes(config));
}

function attributes(config: ApiConfig): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure: config.https, path: '/' };
}
