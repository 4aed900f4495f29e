import { defineConfig } from 'rolldown'

/**
 * The bundle keeps the checkout's folders, so that each module finds what lies beside it (kernel
 * programs, native binding, the worker of the DNS proxy, the report page) where it always is.
 */
export default defineConfig({
  input: [
    'packages/cli/src/main.ts',
    'packages/agent/src/dns/worker.ts',
    'packages/agent/src/integrity/worker.ts',
  ],
  platform: 'node',
  output: {
    dir: 'build/js',
    format: 'esm',
    preserveModules: true,
    preserveModulesRoot: '.',
    entryFileNames: '[name].js',
  },
})
