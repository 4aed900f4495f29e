import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bindingPath } from '../src/native.ts'

const packageDir = fileURLToPath(new URL('..', import.meta.url))
const files = ['libbpf.node', 'libbpf.so.1', 'libelf.so.1']

test.each(files)('%s needs no glibc newer than 2.34', (file) => {
  const dynamic = execFileSync('objdump', ['-T', join(dirname(bindingPath), file)], {
    encoding: 'utf8',
  })
  const minor = [...dynamic.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]))
  expect(minor.length).toBeGreaterThan(0)
  expect(Math.max(...minor)).toBeLessThanOrEqual(34)
})

test('the binding finds libbpf and libelf beside itself', () => {
  const headers = execFileSync('objdump', ['-p', bindingPath], { encoding: 'utf8' })
  expect(headers).toMatch(/RPATH +\$ORIGIN\n/)
  const found = execFileSync('ldd', [bindingPath], { encoding: 'utf8' })
  for (const library of ['libbpf.so.1', 'libelf.so.1']) {
    expect(found).toContain(`${library} => ${join(dirname(bindingPath), library)}`)
  }
})

test('the binding asks node for Node-API only, version 9 at most', () => {
  const headers = readFileSync(join(packageDir, 'native/addon.h'), 'utf8')
  expect(headers).toMatch(/^#define NAPI_VERSION 9$/m)
  const dynamic = execFileSync('objdump', ['-T', bindingPath], { encoding: 'utf8' })
  const wanted = [...dynamic.matchAll(/\*UND\*\s+\S+\s+\S+\s+(\S+)$/gm)].map(
    (match) => match[1] ?? '',
  )
  const ofNode = wanted.filter((name) => /^(napi|node|uv|v8|_Z)/.test(name)).sort()
  expect(ofNode.filter((name) => !name.startsWith('napi_'))).toEqual([
    'uv_close',
    'uv_handle_get_data',
    'uv_handle_set_data',
    'uv_handle_size',
    'uv_handle_type_name',
    'uv_poll_init',
    'uv_poll_start',
    'uv_ref',
    'uv_unref',
  ])
})

test('building again does nothing', () => {
  expect(spawnSync('make', ['-q', '-C', join(packageDir, 'native')]).status).toBe(0)
})

test('every function of the binding has its type, and the other way round', () => {
  const native = join(packageDir, 'native')
  const sources = readdirSync(native)
    .filter((name) => name.endsWith('.c'))
    .map((name) => readFileSync(join(native, name), 'utf8'))
    .join('')
  const exported = [...sources.matchAll(/^(?:static )?napi_value js_(\w+)\(/gm)].map(
    (match) => match[1],
  )
  const typed = [
    ...(/interface Native \{([^]*?)\n\}/
      .exec(readFileSync(join(packageDir, 'src/native.ts'), 'utf8'))?.[1]
      ?.matchAll(/^ {2}(\w+)\(/gm) ?? []),
  ].map((match) => match[1])
  expect(exported.sort()).toEqual(typed.sort())
})

test('without its native part the package says what to do', () => {
  const copy = mkdtempSync(join(tmpdir(), 'libbpf-test-'))
  try {
    cpSync(join(packageDir, 'src'), join(copy, 'src'), { recursive: true })
    cpSync(join(packageDir, 'package.json'), join(copy, 'package.json'))
    const script = `import { openObject } from './src/index.ts'
      try { openObject('x') } catch (error) { console.log(error.code, error.message) }`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect(child.stdout).toMatch(/^BPF_NO_BINDING .*libbpf\.node: .*run scripts\/bootstrap/)
  } finally {
    rmSync(copy, { recursive: true })
  }
})
