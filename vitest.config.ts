import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/**
 * The suffix of a test's name says what it needs: `.root` a root user and the real kernel,
 * `.heavy` the machine for itself, `.vm` virtual machines, `.adversary` the tools of the adversarial suite.
 */
const root = 'packages/*/test/**/*.root.test.{ts,tsx}'
const heavy = 'packages/*/test/**/*.heavy.test.ts'
const vm = 'packages/*/test/**/*.vm.test.ts'
const adversary = 'packages/*/test/**/*.adversary.test.ts'

/** Files that take a minute and more, the longest first. */
const long = [
  'agent/test/kernels.vm.test.ts',
  'agent/test/service/host.vm.test.ts',
  'sensor/test/kernels.vm.test.ts',
  'cli/test/kernels.vm.test.ts',
  'lab/test/adversary/kernels.vm.test.ts',
  'lab/test/adversary/root.adversary.test.ts',
  'lab/test/adversary/user.adversary.test.ts',
  'lab/test/adversary/tampering.adversary.test.ts',
  'lab/test/ordinary-builds.root.test.ts',
  'action/test/ended.root.test.ts',
  'lab/test/replays.root.test.ts',
  'server/test/ingest/kill.test.ts',
  'cli/test/run-https-rules.root.test.ts',
  'cli/test/run-integrity.root.test.ts',
  'action/test/examples.root.test.ts',
  'cli/test/agent-jobs.root.test.ts',
]

/** Not in the part of the virtual machines' tests that CI has: docs/testing.md says why. */
const wholeOnly = [
  'packages/action/test/start.vm.test.ts',
  'packages/agent/test/service/host.vm.test.ts',
  'packages/action/test/arm64.vm.test.ts',
  'packages/cli/test/job-host.vm.test.ts',
]

function place({ moduleId }: TestSpecification): number {
  const found = long.findIndex((name) => moduleId.endsWith(`/packages/${name}`))
  return found < 0 ? long.length : found
}

/** The long ones first: one that began last would keep a single worker busy. Otherwise vitest goes by size. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    // What takes seconds on an idle machine; in CI other tests run beside.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // In CI a test that fails is tried once more, and named as unsteady by scripts/count-tests.ts.
    retry: process.env['CI'] === undefined ? 0 : 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'main',
          include: [root],
          // More than CI has processors: these files wait more than they compute.
          maxWorkers: 3,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.{ts,tsx}'],
          exclude: [root, heavy, vm, adversary],
          maxWorkers: 3,
          // One process for many of them: to begin one takes more than most of these files.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'heavy', include: [heavy], maxWorkers: 1, fileParallelism: false },
      },
      {
        extends: true,
        test: {
          name: 'vm',
          include: [vm],
          exclude: process.env['RUNWARDEN_VM'] === 'part' ? wholeOnly : [],
          maxWorkers: 2,
          hookTimeout: 900_000,
        },
      },
      { extends: true, test: { name: 'adversary', include: [adversary], maxWorkers: 4 } },
    ],
  },
})
