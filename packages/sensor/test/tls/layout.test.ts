import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import * as layout from '../../src/tls/layout.ts'

interface BtfType {
  kind: string
  name: string
  size?: number
  members?: { name: string; bits_offset: number }[]
  values?: { name: string; val: number }[]
}

const bpf = new URL('../../../../bpf/', import.meta.url).pathname

describe.each(['x64', 'arm64'])('records of TLS in the object for %s', (architecture) => {
  let types: BtfType[]
  beforeAll(() => {
    const object = `${bpf}build/${architecture}/tls.bpf.o`
    if (!existsSync(object)) execFileSync('make', ['-C', bpf])
    const text = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    types = (JSON.parse(text) as { types: BtfType[] }).types
  })
  const find = (kind: string, name: string): BtfType | undefined =>
    types.find((type) => type.kind === kind && type.name === name)

  it.each(['tls_header', 'tls_chunk', 'tls_image', 'tls_file'] as const)(
    'are what TypeScript decodes: struct %s',
    (name) => {
      const members = new Map(
        find('STRUCT', name)?.members?.map((member) => [member.name, member.bits_offset / 8]),
      )
      const read = Object.keys(layout[name])
      expect(Object.fromEntries(read.map((field) => [field, members.get(field)]))).toEqual(
        layout[name],
      )
    },
  )

  it('have keys of files, and a fixed part before a path, as long as TypeScript copies them', () => {
    expect(find('STRUCT', 'tls_image')?.size).toBe(layout.IMAGE_BYTES)
    expect(find('STRUCT', 'tls_file')?.size).toBe(layout.FILE_BYTES)
  })

  it.each(['tls_record_kind', 'tls_cookie', 'tls_lost'] as const)(
    'have the numbers of enum %s',
    (name) => {
      const values = new Map(find('ENUM', name)?.values?.map(({ name: key, val }) => [key, val]))
      const read = Object.keys(layout[name])
      expect(Object.fromEntries(read.map((key) => [key, values.get(key)]))).toEqual(layout[name])
    },
  )
})
