import { defineConfig } from 'vitest/config'

/**
 * The suffix of a test's name says what it needs: `.root` a root user and the real kernel,
 * `.heavy` the machine for itself, `.vm` virtual machines, `.adversary` the tools of the adversarial suite.
 */
const heavy = 'packages/*/test/**/*.heavy.test.ts'
const vm = 'packages/*/test/**/*.vm.test.ts'
const adversary = 'packages/*/test/**/*.adversary.test.ts'

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // In CI a test that fails is tried once more, and named as unsteady by scripts/count-tests.ts.
    retry: process.env['CI'] === undefined ? 0 : 1,
    projects: [
      {
        extends: true,
        test: {
          name: 'main',
          include: ['packages/*/test/**/*.test.{ts,tsx}'],
          exclude: [heavy, vm, adversary],
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: { name: 'heavy', include: [heavy], maxWorkers: 1, fileParallelism: false },
      },
      { extends: true, test: { name: 'vm', include: [vm], maxWorkers: 2, hookTimeout: 900_000 } },
      { extends: true, test: { name: 'adversary', include: [adversary], maxWorkers: 2 } },
    ],
  },
})
