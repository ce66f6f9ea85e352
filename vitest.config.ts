import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The one test configuration of the house: a package's own script runs it with `--root .`, see CONTRIBUTING. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For what never ends. A machine whose cores are all busy is slow, and that is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // The SDK says on Node 20 that it will leave it behind; any other warning fails a test file.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    setupFiles: [file('testing/setup/warnings.ts')],
    // In this order: to print an error, the second changes it.
    reporters: [file('testing/setup/summary-reporter.ts'), 'default'],
  },
});
