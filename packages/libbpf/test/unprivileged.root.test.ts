import { spawnSync } from 'node:child_process'
import { cpSync, chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fixture } from './fixtures.ts'

const packageDir = fileURLToPath(new URL('..', import.meta.url))
const nobody = 65534

test('without privileges the load fails with EPERM, and says what is needed', () => {
  const object = fixture('maps')
  // Where that user can read it, whatever folder the checkout is in.
  const copy = mkdtempSync(join(tmpdir(), 'libbpf-test-'))
  try {
    chmodSync(copy, 0o755)
    for (const part of ['src', 'build', 'package.json']) {
      cpSync(join(packageDir, part), join(copy, part), { recursive: true })
    }
    cpSync(process.execPath, join(copy, 'node'))
    const script = `import { openObject } from './src/index.ts'
      try { openObject(process.argv[1]).load() }
      catch (error) { console.log(JSON.stringify({ ...error, message: error.message })) }`
    const child = spawnSync(
      join(copy, 'node'),
      ['--input-type=module', '-e', script, object.replace(packageDir, `${copy}/`)],
      { cwd: copy, encoding: 'utf8', uid: nobody, gid: nobody },
    )
    expect(child.stderr).toBe('')
    const error = JSON.parse(child.stdout) as Record<string, unknown>
    expect(error).toMatchObject({ code: 'BPF_LOAD', step: 'load', errno: 1, errnoName: 'EPERM' })
    expect(error['message']).toMatch(/needs root or CAP_BPF/)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
