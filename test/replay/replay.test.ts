/** Histories of earlier runs replay against today's procedures: an incompatible change is seen here, before a running case meets it. */
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import * as procedures from '../../workflows/index.ts';
import { decodeHistory, type WorkflowHistory } from '../support/histories.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(import.meta.dirname, 'histories');
const types = existsSync(folder) ? readdirSync(folder) : [];

type Recorded = { workflowId: string; history: WorkflowHistory };

function histories(type: string): Recorded[] {
  return readdirSync(join(folder, type)).map((file) => ({
    workflowId: `${type}-${file}`,
    history: decodeHistory(Buffer.from(readFileSync(join(folder, type, file), 'utf8'), 'base64')),
  }));
}

async function failures(workflowBundle: { code: string } | { codePath: string }, list: Recorded[]): Promise<string[]> {
  const found: string[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle }, list))
    if (result.error) found.push(`${result.workflowId}: ${result.error.message}`);
  return found;
}

describe('replay of recorded histories', () => {
  test('every procedure has a recorded history', () => {
    expect(Object.keys(procedures).filter((name) => !types.includes(name))).toEqual([]);
  });

  test.each(types)('%s replays', async (type) => {
    expect(await failures({ codePath: inject('bundlePath') }, histories(type))).toEqual([]);
  });

  test('a procedure that is changed incompatibly is caught', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'shiming-broken-'));
    try {
      cpSync(join(root, 'workflows'), join(copy, 'workflows'), { recursive: true });
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
      const desk = join(copy, 'workflows', 'desk', 'desk.ts');
      const source = readFileSync(desk, 'utf8');
      // The place is read twice: one more local activity than the recorded runs have.
      const broken = source.replace(
        'let place: Place = await',
        'await record((office) => office.readPlace(procedureId));\n  let place: Place = await',
      );
      expect(broken).not.toBe(source);
      writeFileSync(desk, broken);
      const bundle = await bundleWorkflowCode({ workflowsPath: join(copy, 'workflows', 'index.ts') });
      expect((await failures(bundle, histories('trainingClass'))).length).toBeGreaterThan(0);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
