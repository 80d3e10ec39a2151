// node count.mjs <report>: the closing lines of .ci/run, from the report of vitest: which tests failed and why, then how many.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const path = process.argv[2];
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { numPassedTests: 0, numFailedTests: 1, testResults: [] };
// A file that breaks before its first test has none to count.
const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const failed = report.numFailedTests + broken.length;

/** The first lines of a message, without colours: enough to know what failed where only the end of a log is kept. */
const shortly = (message) => stripVTControlCharacters(message).split('\n').slice(0, 8).join('\n    ');
for (const file of report.testResults) {
  const name = relative(process.cwd(), file.name);
  if (broken.includes(file)) console.log(`-- ${name}\n    ${shortly(file.message ?? '')}`);
  for (const one of file.assertionResults.filter((each) => each.status === 'failed'))
    console.log(`-- ${name}: ${one.fullName}\n    ${one.failureMessages.map(shortly).join('\n    ')}`);
}
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
