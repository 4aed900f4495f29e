import { dirname, relative } from 'node:path'
import { defineConfig, type Plugin } from 'rolldown'

const root = import.meta.dirname
const entries = [
  'packages/cli/src/main',
  'packages/agent/src/dns/worker',
  'packages/agent/src/integrity/worker',
  'packages/agent/src/secrets/artifact-worker',
]

/**
 * Few files load faster than hundreds, but each module finds what lies beside it (kernel programs, native
 * binding, workers, the report page) by its own place: in a chunk it goes by where it would have been.
 */
const places: Plugin = {
  name: 'places',
  transform(code, id) {
    if (!code.includes('import.meta')) return null
    const place = relative(root, id).replace(/\.ts$/, '.js')
    return code
      .replaceAll('import.meta.dirname', `decodeURIComponent(${url(dirname(place))}.pathname)`)
      .replaceAll('import.meta.url', `${url(place)}.href`)
  },
  renderChunk(code, { fileName }) {
    const up = '../'.repeat(fileName.split('/').length - 1)
    return code.replaceAll('BUNDLE_ROOT', `new URL(${JSON.stringify(up)}, import.meta.url)`)
  },
}

function url(path: string): string {
  return `new URL(${JSON.stringify(path)}, BUNDLE_ROOT)`
}

export default defineConfig({
  input: Object.fromEntries(entries.map((name) => [name, `${name}.ts`])),
  platform: 'node',
  plugins: [places],
  output: {
    dir: 'build/js',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'packages/chunks/src/[name]-[hash].js',
  },
})
