/** What a handler answers with; `api/http/routing.ts` turns it into a page for a browser and JSON for a program. */
import type { Readable } from 'node:stream';
import type { Redrawn } from './kept-forms.ts';

/** What a template prints. Beside the page's own fields the layout knows: `title`, `issues` and `entered` of a refused form. */
export type View = Readonly<Record<string, unknown>>;

export type PageOptions = {
  /** 200 unless told; pages of `onInvalid` are 422. */
  status?: number;
  /** What a program gets instead of the page, made only for a program. Default: the view. */
  json?: unknown;
  /** `page` (with navigation), `plain` (without), `paper` (A4) or `frame` (nothing around it; a page of ours may show it in a frame). */
  layout?: 'page' | 'plain' | 'paper' | 'frame';
  /** Navigation entry to mark, by its id. Default: the one whose address begins the path. */
  nav?: string;
  /** The page loads itself again after so many seconds, without JavaScript ("recorded, moving on"). */
  refreshSeconds?: number;
  /** A form was drawn again: what a change of language must not lose. */
  redrawn?: Redrawn;
  /** Version for If-Match of a later write; sent as a strong ETag to programs. */
  etag?: string;
};

/** `link`: where it leads, and the key of its words. */
export type Flash = {
  key: string;
  params?: Record<string, string | number>;
  tone?: 'success' | 'info' | 'warning';
  link?: { to: string; key: string };
};

/** As a page shows it. */
export type ShownFlash = { message: string; tone: string; link?: { href: string; label: string } | undefined };

export type RedirectOptions = {
  /** A key of the locales shown once on the next page. */
  flash?: string | Flash;
  /** What a program gets; it is not redirected. Default: `{ location }`. */
  json?: unknown;
  /** Status for a program: 200 unless told; with 201 `Location` is sent. */
  status?: number;
};

/** The kinds of file that are handed out, with their media types. */
export const mediaTypes = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  csvGb18030: 'text/csv; charset=gb18030',
  json: 'application/json; charset=utf-8',
  textGb18030: 'text/plain; charset=gb18030',
  pdf: 'application/pdf',
  jpeg: 'image/jpeg',
  png: 'image/png',
  events: 'text/event-stream',
} as const;
export type FileKind = keyof typeof mediaTypes;

export type FileOptions = {
  /** Name offered for saving; any characters (RFC 6266). */
  name: string;
  /** Media type, with charset for text. */
  type: string;
  /** Shown in the browser (in a sandbox) instead of saved. */
  inline?: boolean;
};

export type Reply =
  | { kind: 'page'; template: string; view: View | (() => View); options: PageOptions }
  | { kind: 'redirect'; to: string; options: RedirectOptions }
  | { kind: 'json'; body: unknown; status: number; etag?: string }
  | { kind: 'file'; content: Buffer | Readable; options: FileOptions }
  | { kind: 'events'; content: Readable };

/**
 * A page for a browser, the view (or `options.json`) for a program. `template` is a path under `templates/` without suffix,
 * like the route's: `tasks/show`. View and `json` may be functions, `json` also one that asks the record: on a busy address only the one that is asked for is made.
 */
export function page(template: string, view: View | (() => View) = {}, options: PageOptions = {}): Reply {
  return { kind: 'page', template, view, options };
}

/** A part of a page's reply as it is, or made now; to be awaited. */
export function made(part: unknown): unknown {
  return typeof part === 'function' ? (part as () => unknown)() : part;
}

/** 303 to a path of this site for a browser; JSON for a program. */
export function redirect(to: string, options: RedirectOptions = {}): Reply {
  return { kind: 'redirect', to, options };
}

/** A file to save or, with `inline`, to look at. */
export function file(content: Buffer | Readable, options: FileOptions): Reply {
  return { kind: 'file', content, options };
}

/** Server-sent events for as long as the reader stays. */
export function events(content: Readable): Reply {
  return { kind: 'events', content };
}
