/** A form that was drawn again, in another language: what was typed stays, nothing of it gets into an address, and nothing is done. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterOfTests, openCounter } from '../../support/counter.ts';

let counter: CounterOfTests;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter?.close());

const typed = '学员 350104199003071229 缺身份证复印件';
const unescaped = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#x3D;', '=').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

test('[N21] [F36] a change of language keeps what was typed into a form that was refused, and decides nothing', async () => {
  const { taskId } = await counter.openReview();
  const refused = await counter.browse('first-1', `/tasks/${taskId}/decide`, { outcome: 'return', reason: typed, version: '1' });
  expect(refused.status).toBe(422);
  const [, action = '', inside = ''] =
    /<form id="language" method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(refused.html) ?? [];
  expect(unescaped(action)).toBe(`/tasks/${taskId}/decide?lang=en`);
  expect(refused.html).toMatch(/<button class="menu-item" form="language" lang="en">English<\/button>/);
  const fields = Object.fromEntries(
    [...inside.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [unescaped(name), unescaped(value)]),
  );
  expect(fields).toMatchObject({ outcome: 'return', reason: typed });
  const other = await counter.browse('first-1', unescaped(action), fields);
  expect(other.status).toBe(422);
  expect(other.html).toContain('<html lang="en"');
  expect(/<textarea[^>]*name="reason"[^>]*>([^<]*)</.exec(other.html)?.[1]?.trim()).toBe(typed);
  // What is wrong is said in the new language, and back again.
  expect(other.html).toContain('error-summary');
  expect(/error-summary[\s\S]*?<\/div>/.exec(other.html)?.[0]).not.toMatch(/[\u4e00-\u9fff]/);
  expect(other.html).toContain('?lang&#x3D;zh-CN');
});

test('[F36] a form that is only drawn again does nothing, whatever it holds', async () => {
  const { taskId } = await counter.openReview();
  for (const _redraw of ['[]', 'nonsense', '[{"field":"reason","code":"required"}]']) {
    const drawn = await counter.browse('first-1', `/tasks/${taskId}/decide?lang=en`, { outcome: 'approve', version: '1', _redraw });
    expect(drawn.status).toBe(422);
  }
  expect(await counter.db('tasks').where({ id: taskId }).first('status')).toEqual({ status: 'open' });
});

test('[F36] a form that is drawn again says what there are words for, and nothing that was made up', async () => {
  const { taskId } = await counter.openReview();
  const draw = (issues: unknown) =>
    counter.browse('first-1', `/tasks/${taskId}/decide?lang=en`, { outcome: 'return', version: '1', _redraw: JSON.stringify(issues) });
  const field = 'reason';
  for (const params of [{ lngs: 'xx' }, { defaultValue: 'entered by a stranger' }, { ns: 'audit', postProcess: 'x', returnObjects: 1 }]) {
    for (const code of ['required', 'no.such.code']) {
      const { status, html } = await draw([{ field, code, params }]);
      expect(status, JSON.stringify(params)).toBe(422);
      expect(html).not.toContain('by a stranger');
      expect(html.includes('no.such.code')).toBe(false);
    }
  }
  expect((await draw([{ field, code: 'tooLong', params: { maximum: 77 } }])).html).toMatch(/error-summary[\s\S]*77/);
  const { status, html } = await draw(Array.from({ length: 1_000 }, () => ({ field, code: 'required' })));
  expect(status).toBe(422);
  expect(html.length).toBeLessThan(150_000);
});

test('[F36] a password is never sent along', async () => {
  const form = { currentPassword: 'nobody-knows', newPassword: 'kurz-1', repeatPassword: 'anders-2' };
  const { html, status } = await counter.browse('first-1', '/account/password', form);
  expect(status).toBe(422);
  expect(html).toContain('id="language"');
  for (const value of Object.values(form)) expect(html).not.toContain(value);
});
