import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { hashName } from '../src/watch.ts'
import * as layout from '../src/layout.ts'
import { CONNECT_BYTES } from '../src/decode/connect.ts'

interface BtfType {
  id: number
  kind: string
  name: string
  size?: number
  members?: { name: string; bits_offset: number }[]
  values?: { name: string; val: number }[]
}

const bpf = new URL('../../../bpf/', import.meta.url).pathname

function btfOf(object: string): BtfType[] {
  const text = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return (JSON.parse(text) as { types: BtfType[] }).types
}

describe.each(['x64', 'arm64'])('the layout of records in the object for %s', (architecture) => {
  let types: BtfType[]
  const struct = (name: string): BtfType => {
    const found = types.find((type) => type.kind === 'STRUCT' && type.name === name)
    if (!found) throw new Error(`no struct ${name}`)
    return found
  }

  beforeAll(() => {
    const object = `${bpf}build/${architecture}/observe.bpf.o`
    if (!existsSync(object)) execFileSync('make', ['-C', bpf])
    types = btfOf(object)
  })

  it.each([
    'record_header',
    'exec_record',
    'fork_record',
    'exit_record',
    'step_record',
    'file_record',
    'sandbox_record',
    'watch_key',
  ] as const)('is what TypeScript decodes: struct %s', (name) => {
    const members = new Map(
      struct(name).members?.map((member) => [member.name, member.bits_offset / 8]),
    )
    const read = Object.keys(layout[name])
    expect(Object.fromEntries(read.map((field) => [field, members.get(field)]))).toEqual(
      layout[name],
    )
  })

  it('has the sizes that TypeScript steps over', () => {
    const names = Object.keys(layout.sizes)
    expect(Object.fromEntries(names.map((name) => [name, struct(name).size]))).toEqual(layout.sizes)
    expect(layout.sizes.watch_name).toBe(layout.NAME_KEPT + 1)
  })

  it.each([
    'exec_flags',
    'step_flags',
    'file_flags',
    'file_action',
    'sandbox_flags',
    'sandbox_change',
    'watch_bits',
    'container_bits',
  ] as const)('has the numbers of enum %s', (name) => {
    const values = types.find((type) => type.kind === 'ENUM' && type.name === name)?.values
    expect(Object.fromEntries(values?.map(({ name: key, val }) => [key, val]) ?? [])).toEqual(
      layout[name],
    )
  })
})

it('connect records are as long as their decoder says', () => {
  const object = `${bpf}build/x64/enforce.bpf.o`
  if (!existsSync(object)) execFileSync('make', ['-C', bpf])
  expect(btfOf(object).find((type) => type.name === 'connect_record')?.size).toBe(CONNECT_BYTES)
})

it('hashes names within the 4,096 bits of the kernel side', () => {
  for (const name of ['id_rsa', '.npmrc', 'x', '.credentials_rsaparams', 'ü'.repeat(40)]) {
    const hash = hashName(Buffer.from(name))
    expect(hash).toBeGreaterThanOrEqual(0)
    expect(hash).toBeLessThan(4096)
  }
})
