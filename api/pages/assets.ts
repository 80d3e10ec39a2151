/** Where the templates lie, and the stylesheet and script made of the files in `templates/public/`. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `templates/` of the package; compiled code in `dist/` uses the same folder, so nothing is copied. */
export function templatesFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('templates/ was not found: no package.json above the program.');
    folder = parent;
  }
  return join(folder, 'templates');
}

export type Asset = { path: string; type: string; content: Buffer };
export type Assets = {
  /** Addresses with a digest of the content in them, so that browsers may keep them for a year. */
  stylesheet: string;
  script: string;
  find: (path: string) => Asset | undefined;
};

const prefix = '/public';

/** Joins `public/css/*.css` (by name) and `public/js/*.js` into one file each and reads the other files of `public/`. */
export function loadAssets(): Assets {
  const folder = join(templatesFolder(), 'public');
  const byPath = new Map<string, Asset>();
  const bundle = (kind: 'css' | 'js', type: string): string => {
    const files = readdirSync(join(folder, kind)).filter((name) => name.endsWith(`.${kind}`));
    const content = Buffer.from(
      files
        .sort()
        .map((name) => readFileSync(join(folder, kind, name), 'utf8'))
        .join('\n'),
    );
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
    const path = `${prefix}/shiming.${digest}.${kind}`;
    byPath.set(path, { path, type, content });
    return path;
  };
  const stylesheet = bundle('css', 'text/css; charset=utf-8');
  const script = bundle('js', 'text/javascript; charset=utf-8');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.svg'))) {
    const path = `${prefix}/${name}`;
    byPath.set(path, { path, type: 'image/svg+xml', content: readFileSync(join(folder, name)) });
  }
  return { stylesheet, script, find: (path) => byPath.get(path) };
}
