import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import * as layout from '../../src/log/layout.ts'

interface BtfType {
  kind: string
  name: string
  size?: number
  members?: { name: string; bits_offset: number }[]
  values?: { name: string; val: number }[]
}

const bpf = new URL('../../../../bpf/', import.meta.url).pathname

describe.each(['x64', 'arm64'])('records of build logs in the object for %s', (architecture) => {
  let types: BtfType[]
  beforeAll(() => {
    const object = `${bpf}build/${architecture}/build_log.bpf.o`
    if (!existsSync(object)) execFileSync('make', ['-C', bpf])
    const text = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    types = (JSON.parse(text) as { types: BtfType[] }).types
  })
  const find = (kind: string, name: string): BtfType | undefined =>
    types.find((type) => type.kind === kind && type.name === name)

  it.each(['log_file', 'log_chunk'] as const)('are what TypeScript decodes: struct %s', (name) => {
    const members = new Map(
      find('STRUCT', name)?.members?.map((member) => [member.name, member.bits_offset / 8]),
    )
    const read = Object.keys(layout[name])
    expect(Object.fromEntries(read.map((field) => [field, members.get(field)]))).toEqual(
      layout[name],
    )
    if (name === 'log_file') expect(find('STRUCT', name)?.size).toBe(layout.LOG_FILE_BYTES)
  })

  it.each(['log_flags', 'log_unread'] as const)('have the numbers of enum %s', (name) => {
    const values = new Map(find('ENUM', name)?.values?.map(({ name: key, val }) => [key, val]))
    const read = Object.keys(layout[name])
    expect(Object.fromEntries(read.map((key) => [key, values.get(key)]))).toEqual(layout[name])
  })
})
