import { compile, httpsLinesOf } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { describe, expect, it } from 'vitest'
import { ObjectTypes } from '../../../sensor/test/btf.ts'
import {
  encodeHost,
  HTTPS_HOST_BYTES,
  HTTPS_LINE_BYTES,
  HTTPS_LINES,
  HTTPS_NAME_BYTES,
  https_host,
  https_line,
  https_methods,
  https_name,
  KernelRules,
} from '../../src/https/kernel-rules.ts'

describe.each(['x64', 'arm64'])('rules in the object for %s', (architecture) => {
  const types = new ObjectTypes('tls', architecture)

  it('have the layout that TypeScript writes', () => {
    expect(types.offsets('https_host')).toMatchObject(https_host)
    expect(types.size('https_host')).toBe(HTTPS_HOST_BYTES)
    expect(types.offsets('https_line')).toMatchObject(https_line)
    expect(types.size('https_line')).toBe(HTTPS_LINE_BYTES)
    expect(types.size('https_name')).toBe(HTTPS_NAME_BYTES)
    expect(types.offsets('https_name')).toEqual(https_name)
    expect(types.numbers('https_methods')).toEqual(https_methods)
  })
})

const compiledOf = (lines: string): ReturnType<typeof compile> =>
  compile(parsePolicy(`version: 1\negress: block\nallow:\n${lines}`, 'policy.yml'))

/** What the kernel knows of a host: its lines, as text. */
function linesOf(lines: string, host = 'a.test'): string[] {
  const value = encodeHost(httpsLinesOf(compiledOf(lines), host), 7)
  return Array.from({ length: value.readUInt32LE(https_host.count) }, (_, i) => {
    const line = value.subarray(https_host.lines + i * HTTPS_LINE_BYTES)
    const path = line.toString('latin1', https_line.path, https_line.path + (line[2] ?? 0))
    return `${line.readUInt16LE(0)} ${path}${line[3] === 1 ? ' and below' : ''}`
  })
}

describe('rules of a host', () => {
  it('are methods and paths', () => {
    const { METHOD_GET: get, METHOD_POST: post } = https_methods
    expect(
      linesOf(
        '  - { https: a.test, methods: [GET, POST], paths: [/one, "/two/**", "/t*/x"] }\n  - { https: "*.test", methods: [GET] }',
      ),
    ).toEqual([
      `${get | post} /one`,
      `${get | post} /two and below`,
      `${get | post} /t*/x`,
      `${get}  and below`,
    ])
    expect(linesOf('  - { https: a.test }')).toEqual(['127  and below'])
    expect(linesOf('  - { https: a.test, paths: ["/**"] }')).toEqual(['127  and below'])
  })

  it('that the kernel cannot read are left to user space', () => {
    expect(linesOf('  - { https: a.test, methods: [TRACE] }')).toEqual([])
    expect(linesOf('  - { https: a.test, paths: ["/a/**/b", /c] }')).toEqual(['127 /c'])
    const long = `/${'a'.repeat(123)}`
    expect(linesOf(`  - { https: a.test, paths: ["${long}a", "${long}"] }`)).toEqual([
      `127 ${long}`,
    ])
    const many = Array.from({ length: 40 }, (_, i) => `/${i}`)
    expect(linesOf(`  - { https: a.test, paths: [${many.join(', ')}] }`)).toHaveLength(HTTPS_LINES)
  })
})

it('a policy is known by its exact hosts at once, others when they were asked for, each by its port', () => {
  const told: [host: string, port: number, version: number, ruled: boolean][] = []
  const versions: number[] = []
  const rules = new KernelRules({
    hosts: {
      set: (key, value) =>
        void told.push([
          Buffer.from(key).toString('latin1', 0, https_name.port).replace(/\0+$/, ''),
          Buffer.from(key).readUInt32LE(https_name.port),
          Buffer.from(value).readUInt32LE(https_host.version),
          Buffer.from(value).readUInt32LE(https_host.ruled) === 1,
        ]),
    },
    version: { set: (_, value) => void versions.push(Buffer.from(value).readUInt32LE()) },
  })
  rules.learn('early.test')
  rules.follow(
    compiledOf(
      '  - { https: a.test }\n  - { https: "a.test:8443" }\n  - { https: "*.b.test:8443" }',
    ),
  )
  for (const host of ['x.b.test:8443', 'x.b.test', 'none.test', 'A.test', '[::1]', 'a'.repeat(64)])
    rules.learn(host)
  rules.follow(compiledOf('  - { https: a.test }'))
  expect(told).toEqual([
    ['a.test', 0, 1, true],
    ['a.test', 8443, 1, true],
    ['x.b.test', 8443, 1, true],
    ['x.b.test', 0, 1, false],
    ['none.test', 0, 1, false],
    ['a.test', 0, 2, true],
  ])
  expect(versions).toEqual([0, 1, 0, 2])
})
