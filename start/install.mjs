// node start/install.mjs: installs the packages when they are missing or older than package-lock.json.
// Plain Node without any package, because it runs before there are any.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.shiming-installed');
const lockFile = join(root, '.shiming', 'install.lock');

const say = (zh, en) => process.stderr.write(`${zh} · ${en}\n`);
const fail = (zh, en) => {
  process.stderr.write(`${zh}\n${en}\n`);
  process.exit(1);
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** What has to match: the lock file, the machine and the generation of Node that native packages were chosen for. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}-${process.versions.modules}`).digest('hex');
}

function installed() {
  if (!existsSync(join(modules, 'tsx', 'package.json'))) return false;
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8').trim() === wanted();
  // Installed by hand: npm writes this file last.
  const byNpm = join(modules, '.package-lock.json');
  return existsSync(byNpm) && statSync(byNpm).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function takeLock() {
  mkdirSync(join(root, '.shiming'), { recursive: true });
  const own = `${lockFile}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  if (!isAlive(holder())) rmSync(lockFile, { force: true });
  return false;
}

function holder() {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm keeps its downloads in the home folder; without one that can be written they go beside the product. */
function npmEnvironment() {
  const env = { ...process.env };
  // A variable of a test or of production must not leave out what the lock file names.
  delete env.NODE_ENV;
  try {
    if (!env.HOME) throw new Error('no home');
    accessSync(homedir(), constants.W_OK);
  } catch {
    env.npm_config_cache = join(root, '.shiming', 'npm');
    env.HOME = join(root, '.shiming');
  }
  return env;
}

function npmCi() {
  const args = ['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'];
  const viaNpm = process.env.npm_execpath?.endsWith('.js');
  const [program, first] = viaNpm ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], { cwd: root, env: npmEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (part) => {
      output = (output + part).slice(-8_000);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  fail(`需要 Node 20.3 以上，当前为 ${process.versions.node}。`, `Node 20.3 or newer is needed; this is ${process.versions.node}.`);
}
if (!installed()) {
  let told = false;
  while (!takeLock()) {
    if (!told) say('另一个进程正在安装依赖，等待中', 'another process is installing, waiting');
    told = true;
    await sleep(500);
  }
  const release = () => rmSync(lockFile, { force: true });
  process.on('exit', release);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

  if (!installed()) {
    say('正在安装依赖（npm ci），约一分钟', 'installing the packages (npm ci), about a minute');
    const began = Date.now();
    const timer = setInterval(() => process.stderr.write(`  npm ci ${Math.round((Date.now() - began) / 1000)} s\n`), 10_000);
    const { code, output } = await npmCi();
    clearInterval(timer);
    if (code !== 0) {
      process.stderr.write(`${output.trim()}\n`);
      if (/ENOSPC/.test(output)) fail('磁盘已满，依赖未装完。请清理后重试。', 'The disk is full. Make room and start again.');
      fail(
        '依赖安装失败：请检查网络和 npm 源，然后重试。',
        'The packages could not be installed: check the network and the npm registry, then start again.',
      );
    }
    say(`依赖已安装，用时 ${Math.round((Date.now() - began) / 1000)} 秒`, 'packages installed');
  }
  writeFileSync(stamp, `${wanted()}\n`);
}
