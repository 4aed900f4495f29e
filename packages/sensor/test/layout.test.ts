import { beforeAll, describe, expect, it } from 'vitest'
import { hashName } from '../src/watch.ts'
import * as layout from '../src/layout.ts'
import { CONNECT_BYTES } from '../src/decode/connect.ts'
import { ObjectTypes } from './btf.ts'

describe.each(['x64', 'arm64'])('the layout of records in the object for %s', (architecture) => {
  let types: ObjectTypes
  beforeAll(() => {
    types = new ObjectTypes('observe', architecture)
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
    expect(types.offsets(name)).toMatchObject(layout[name])
  })

  it('has the sizes that TypeScript steps over', () => {
    const names = Object.keys(layout.sizes)
    expect(Object.fromEntries(names.map((name) => [name, types.size(name)]))).toEqual(layout.sizes)
    expect(layout.sizes.watch_name).toBe(layout.NAME_KEPT + 1)
  })

  it.each([
    'exec_flags',
    'step_flags',
    'file_flags',
    'file_action',
    'process_file',
    'sandbox_flags',
    'sandbox_change',
    'watch_bits',
    'container_bits',
  ] as const)('has the numbers of enum %s', (name) => {
    expect(types.numbers(name)).toEqual(layout[name])
  })
})

it('connect records are as long as their decoder says', () => {
  expect(new ObjectTypes('enforce').size('connect_record')).toBe(CONNECT_BYTES)
})

it('hashes names within the 4,096 bits of the kernel side', () => {
  for (const name of ['id_rsa', '.npmrc', 'x', '.credentials_rsaparams', 'ü'.repeat(40)]) {
    const hash = hashName(Buffer.from(name))
    expect(hash).toBeGreaterThanOrEqual(0)
    expect(hash).toBeLessThan(4096)
  }
})
