import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('signals that keep coming do not make the kernel give up on the programs', () => {
  const place = mkdtempSync(join(tmpdir(), 'runwarden-signals-'))
  const binding = new URL('../../../libbpf/src/index.ts', import.meta.url).href
  const object = join(import.meta.dirname, '../../../../bpf/build', process.arch, 'enforce.bpf.o')
  const source = `
    import { openObject } from ${JSON.stringify(binding)}
    for (let i = 0; i < 3; i++) {
      const object = openObject(${JSON.stringify(object)})
      object.load()
      object.close()
    }
    console.log('loaded')
  `
  // The profiler sends its thread a signal ten thousand times a second.
  const profiler = ['--cpu-prof', '--cpu-prof-interval=100', `--cpu-prof-dir=${place}`]
  try {
    const said = execFileSync(
      process.execPath,
      [...profiler, '--input-type=module', '-e', source],
      {
        encoding: 'utf8',
      },
    )
    expect(said).toBe('loaded\n')
  } finally {
    rmSync(place, { recursive: true })
  }
})
