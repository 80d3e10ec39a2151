/** Sends a reply: a page to a browser, JSON to a program; flash messages in a cookie for one page. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { clearCookie, readCookie, setCookie } from './cookies.ts';
import { type Flash, made, mediaTypes, type Reply, type ShownFlash, type View } from './replies.ts';
import type { ApiDeps } from './routing.ts';
import { visitOf, wantsPage } from './visit.ts';

export async function sendReply(deps: ApiDeps, req: Request, res: Response, reply: Reply): Promise<void> {
  switch (reply.kind) {
    case 'page': {
      if (wantsPage(req)) {
        if (reply.options.layout === 'frame') letOurPagesFrame(res);
        const html = await deps.renderer.page(req, reply.template, (await made(reply.view)) as View, {
          ...reply.options,
          flash: takeFlash(deps, req, res),
        });
        res
          .status(reply.options.status ?? 200)
          .type('html')
          .send(html);
        return;
      }
      if (reply.options.etag) res.setHeader('ETag', `"${reply.options.etag}"`);
      res.status(reply.options.status ?? 200).json((await made(reply.options.json)) ?? (await made(reply.view)));
      return;
    }
    case 'redirect': {
      if (wantsPage(req)) {
        if (reply.options.flash) keepFlash(deps, res, reply.options.flash);
        res.redirect(303, localPath(reply.to));
        return;
      }
      if (reply.options.status === 201) res.location(reply.to);
      res.status(reply.options.status ?? 200).json(reply.options.json ?? { location: reply.to });
      return;
    }
    case 'json':
      if (reply.etag) res.setHeader('ETag', `"${reply.etag}"`);
      res.status(reply.status).json(reply.body);
      return;
    case 'file': {
      const { name, type, inline } = reply.options;
      res.setHeader('Content-Type', type);
      res.setHeader('Content-Disposition', contentDisposition(inline ? 'inline' : 'attachment', name));
      // A page of our own may show it in a frame; whatever it is, it runs nothing and belongs to no origin. Browsers lay out pictures by inline style.
      res.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox");
      if (Buffer.isBuffer(reply.content)) {
        res.send(reply.content);
        return;
      }
      await sendAll(reply.content, res);
      return;
    }
    case 'events': {
      res.setHeader('Content-Type', mediaTypes.events);
      // A proxy that collects would keep them from the reader.
      res.setHeader('X-Accel-Buffering', 'no');
      // Its connection serves nothing else: when the stream ends, a process that leaves need not wait for it.
      res.setHeader('Connection', 'close');
      res.flushHeaders();
      await sendAll(reply.content, res);
    }
  }
}

/** A reader who goes away in the middle is no failure of ours. */
async function sendAll(content: Readable, res: Response): Promise<void> {
  await pipeline(content, res).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

function letOurPagesFrame(res: Response): void {
  const policy = String(res.getHeader('Content-Security-Policy') ?? '');
  res.setHeader('Content-Security-Policy', policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"));
}

/** RFC 6266 with RFC 8187: the name as it is, and one in ASCII for old programs. */
export function contentDisposition(kind: 'inline' | 'attachment', given: string): string {
  const name = given.replace(/\p{Cs}|\p{Cc}/gu, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const plain = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Only addresses of this site. */
export function localPath(to: string): string {
  return /^\/(?![/\\])/.test(to) ? to : '/';
}

function keepFlash(deps: ApiDeps, res: Response, flash: string | Flash): void {
  const value: Flash = typeof flash === 'string' ? { key: flash } : flash;
  setCookie(res, 'flash', Buffer.from(JSON.stringify(value)).toString('base64url'), deps.config, 120);
}

function takeFlash(deps: ApiDeps, req: Request, res: Response): ShownFlash | undefined {
  const text = readCookie(req, 'flash', deps.config);
  if (!text) return undefined;
  clearCookie(res, 'flash', deps.config);
  try {
    const flash = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Flash;
    const { t } = visitOf(req);
    return {
      message: t(flash.key, flash.params),
      tone: flash.tone ?? 'success',
      link: flash.link && { href: localPath(flash.link.to), label: t(flash.link.key) },
    };
  } catch {
    return undefined;
  }
}
