import { beforeAll, describe, expect, it } from 'vitest'
import * as layout from '../../src/log/layout.ts'
import { ObjectTypes } from '../btf.ts'

describe.each(['x64', 'arm64'])('records of build logs in the object for %s', (architecture) => {
  let types: ObjectTypes
  beforeAll(() => {
    types = new ObjectTypes('build_log', architecture)
  })

  it.each(['log_file', 'log_chunk'] as const)('are what TypeScript decodes: struct %s', (name) => {
    expect(types.offsets(name)).toMatchObject(layout[name])
  })

  it('have files as long as TypeScript writes them', () => {
    expect(types.size('log_file')).toBe(layout.LOG_FILE_BYTES)
  })

  it.each(['log_flags', 'log_unread'] as const)('have the numbers of enum %s', (name) => {
    expect(types.numbers(name)).toMatchObject(layout[name])
  })
})
