import tseslint from 'typescript-eslint';

// Biome formats and lints; here stand only the three rules that need types.
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'openapi/generated/*.js'] },
  // Held to no rule, and not ignored either: eslint warns when it is told to look at what it ignores. The types of an
  // example are made by its test.
  { files: ['openapi/generated/*.ts', 'examples/**/*.ts'], languageOptions: { parser: tseslint.parser } },
  {
    files: ['**/*.ts'],
    ignores: ['openapi/generated/**', 'examples/**'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // node:test collects the promises of describe and it by itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
);
