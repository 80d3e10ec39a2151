// Imports point one way. `npm run layers` also counts the modules that were looked at: a checker that sees none finds nothing.
const domain = '^workflows/domain/';
const ours = '^(api|activities|db|workflows|start|test|templates|temporal[.]config)';
const layer = (name, path, allowed) => ({
  name: `${name} imports only downwards`,
  severity: 'error',
  from: { path },
  to: { path: ours, pathNot: [path, ...allowed] },
});

module.exports = {
  forbidden: [
    layer('api', '^api/', ['^db/', domain, '^temporal[.]config[.]ts$', '^templates/']),
    // Types of the workflows and their names are what a worker and a relay are made of.
    layer('activities', '^activities/', ['^db/', domain, '^temporal[.]config[.]ts$', '^templates/']),
    layer('db', '^db/', [domain]),
    layer('temporal.config.ts', '^temporal[.]config[.]ts$', []),
    {
      name: 'domain imports nothing but itself and the working-day calendar',
      severity: 'error',
      from: { path: domain },
      to: { pathNot: [domain, '^node_modules/chinese-days/'] },
    },
    {
      name: 'workflows know only domain',
      severity: 'error',
      from: { path: '^workflows/', pathNot: domain },
      to: { pathNot: ['^workflows/', '^activities/', '^node_modules/@temporalio/(workflow|common)/'] },
    },
    {
      name: 'workflows take only types from activities',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing imports what starts it, nor tests',
      severity: 'error',
      from: { path: '^(api|activities|db|workflows)/' },
      to: { path: '^(start|test)/' },
    },
    {
      name: 'no circles',
      severity: 'error',
      from: { path: '^(api|activities|db|workflows|start)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'every import is found', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: '^node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
