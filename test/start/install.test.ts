import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryDir } from '../../start/config.ts';

let clone: string;

/** An npm that counts its calls; `how` is what it does. */
function fakeNpm(how: string): void {
  const program = join(clone, 'bin', 'npm');
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, `#!/bin/sh\necho "$@" >> "${join(clone, 'calls')}"\n${how}\n`);
  chmodSync(program, 0o755);
}

const works = 'sleep 0.3; mkdir -p node_modules/tsx; echo {} > node_modules/tsx/package.json';

function install(): Promise<{ code: number | null; words: string }> {
  const env = { ...process.env, PATH: `${join(clone, 'bin')}${delimiter}${process.env.PATH}` };
  // Under `npm test` the variable names the real npm.
  delete (env as Record<string, string | undefined>).npm_execpath;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(clone, 'start', 'install.mjs')], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    child.on('close', (code) => resolve({ code, words }));
  });
}

const calls = () => readFileSync(join(clone, 'calls'), 'utf8').trim().split('\n');

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'shiming-install-'));
  mkdirSync(join(clone, 'start'));
  cpSync(join(repositoryDir, 'start', 'install.mjs'), join(clone, 'start', 'install.mjs'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

describe('the installation before a start', () => {
  it('runs once for a fresh clone, and again only when the lock file changed', async () => {
    fakeNpm(works);
    expect((await install()).code).toBe(0);
    expect(await install()).toEqual({ code: 0, words: '' });
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^ci /);
    writeFileSync(join(clone, 'package-lock.json'), '{"changed":true}');
    expect((await install()).code).toBe(0);
    expect(calls()).toHaveLength(2);
  });

  it('waits while another process installs', async () => {
    fakeNpm(works);
    const both = await Promise.all([install(), install()]);
    expect(both.map((one) => one.code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
    expect(both.map((one) => one.words).join()).toContain('another process is installing, waiting');
  });

  it('says in both languages what to do when it fails', async () => {
    fakeNpm('echo "npm error network" >&2; exit 1');
    const { code, words } = await install();
    expect(code).toBe(1);
    expect(words).toContain('请检查网络');
    expect(words).toContain('check the network');
  });
});
