// npm run layers: the rules of .dependency-cruiser.cjs, and proof that the checker really read the code.
import { readdirSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.cjs';

const layers = ['api', 'activities', 'db', 'workflows', 'start', 'temporal.config.ts'];
const options = { ...rules.options, ruleSet: { forbidden: rules.forbidden }, validate: true };
const { output } = await cruise(layers, options, {}, { tsConfig: extractTSConfig('tsconfig.json') });

for (const { rule, from, to } of output.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
const seen = output.modules.filter(({ source }) => /^(api|activities|db|workflows|start)\/.*\.ts$/.test(source));
const edges = seen.reduce((sum, { dependencies }) => sum + dependencies.length, 0);
const files = layers
  .slice(0, -1)
  .flatMap((folder) => readdirSync(folder, { recursive: true }))
  .filter((name) => name.endsWith('.ts'));
console.log(`layers: ${seen.length} of ${files.length} modules, ${edges} imports, ${output.summary.violations.length} violations`);
if (seen.length < files.length || edges < files.length) {
  console.error('The checker did not read every module: is its TypeScript the one that it supports?');
  process.exit(1);
}
process.exit(output.summary.violations.length === 0 ? 0 : 1);
