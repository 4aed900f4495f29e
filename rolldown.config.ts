import { dirname, relative } from 'node:path'
import { defineConfig, type Plugin } from 'rolldown'

const root = import.meta.dirname
const entries = [
  'packages/cli/src/main',
  'packages/action/src/stage',
  'packages/action/src/supervise',
  'packages/agent/src/dns/worker',
  'packages/agent/src/integrity/worker',
  'packages/agent/src/program-hashes/worker',
  'packages/agent/src/secrets/artifact-worker',
  'packages/server/src/aside/worker',
  'packages/server/src/ingest/worker',
]

/**
 * Few files load faster than hundreds, but each module finds what lies beside it (kernel programs, native
 * binding, workers, the report page) by its own place: in a chunk it goes by where it would have been.
 * @param below where that is, seen from the output's root
 * @param own modules that go by where the chunk is
 */
function places(below: string, own?: string): Plugin {
  return {
    name: 'places',
    transform(code, id) {
      const place = relative(root, id).replace(/\.ts$/, '.js')
      if (!code.includes('import.meta') || (own !== undefined && place.startsWith(own))) return null
      return code
        .replaceAll('import.meta.dirname', `decodeURIComponent(${url(dirname(place))}.pathname)`)
        .replaceAll('import.meta.url', `${url(place)}.href`)
    },
    renderChunk(code, { fileName }) {
      const up = '../'.repeat(fileName.split('/').length - 1)
      return code.replaceAll(
        'BUNDLE_ROOT',
        `new URL(${JSON.stringify(`${up}${below}`)}, import.meta.url)`,
      )
    },
  }
}

function url(path: string): string {
  return `new URL(${JSON.stringify(path)}, BUNDLE_ROOT)`
}

/** The `runwarden` command, and what root runs of the action. */
const command = defineConfig({
  input: Object.fromEntries(entries.map((name) => [name, `${name}.ts`])),
  platform: 'node',
  plugins: [places('')],
  output: {
    dir: 'build/js',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'packages/chunks/src/[name]-[hash].js',
  },
})

/** What the runner runs of the action: complete but for `agent/`, the command's files, beside it. */
const action = defineConfig({
  input: {
    pre: 'packages/action/src/pre.ts',
    main: 'packages/action/src/main.ts',
    post: 'packages/action/src/post.ts',
    observer: 'packages/action/src/observe/main.ts',
  },
  platform: 'node',
  plugins: [places('agent/', 'packages/action/')],
  output: {
    dir: 'build/action',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  },
})

export default [command, action]
