// Who may import whom. A room is a top-level folder; ARCHITECTURE.md says what each is for.
const ROOMS = ['apiserver', 'base', 'cli', 'hack', 'launcher', 'openapi', 'reconcilers', 'storage', 'test'];
const MAY_IMPORT = {
  base: [],
  openapi: [],
  storage: ['openapi', 'base'],
  apiserver: ['openapi', 'storage', 'base'],
  reconcilers: ['openapi', 'base'],
  launcher: ['openapi', 'base'],
  cli: ['openapi', 'base'],
};
// Tests, and the folders with what several tests share: contract suites, generators of random objects.
const TEST_FILE = '(\\.test\\.ts|/(contract|testing)/.*\\.ts)$';

const rooms = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `${room} may import ${[room, ...allowed].join(', ')}. What it needs of others it asks over HTTP.`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: TEST_FILE },
  to: { path: `^(${ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/` },
}));

// A unit test may also use the harness that starts real things; it keeps to its room otherwise.
const tests = Object.entries(MAY_IMPORT).map(([room, allowed]) => ({
  name: `${room}-test-imports`,
  comment: `A test of ${room} may import ${[room, ...allowed].join(', ')} and test/harness.`,
  severity: 'error',
  from: { path: `^${room}/.*${TEST_FILE}` },
  to: {
    path: `^(${ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/`,
    pathNot: '^test/harness/',
  },
}));

// Each library that touches the outside stays in one place.
const KEPT_IN = [
  ['etcd3', '^(storage/etcd|test)/'],
  ['express', '^(apiserver/edge|test)/'],
  ['@kubernetes/client-node', '^openapi/client/kubernetes(\\.test)?\\.ts$|^test/'],
  ['node-forge', '^(base/certificates|test)/'],
  ['@marcbachmann/cel-js', '^(apiserver/admission/cel|test)/'],
  ['@grpc/grpc-js', '^(storage/etcd|launcher/deviceplugin|test)/'],
];
const libraries = KEPT_IN.map(([library, place]) => ({
  name: `${library.replace(/[@/]/g, '-').replace(/^-/, '')}-stays-in-its-place`,
  comment: `${library} is imported only in ${place}.`,
  severity: 'error',
  from: { pathNot: place },
  to: { path: `^node_modules/(@types/)?${library}/|^${library}$` },
}));

module.exports = {
  forbidden: [
    ...rooms,
    ...tests,
    ...libraries,
    {
      name: 'no-processes-elsewhere',
      comment: 'Only launcher, cli, hack and tests start processes.',
      severity: 'error',
      from: { pathNot: `^(launcher|cli|hack|test)/|${TEST_FILE}` },
      to: { path: '^(node:)?child_process$', dependencyTypes: ['core'] },
    },
    {
      name: 'no-circles',
      comment: 'Files that import each other in a circle cannot be understood one by one.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-development-packages',
      comment: 'What runs in production is in dependencies.',
      severity: 'error',
      from: { path: `^(${Object.keys(MAY_IMPORT).join('|')})/`, pathNot: TEST_FILE },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'no-missing',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['^dist/', '^openapi/generated/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
