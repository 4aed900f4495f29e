import { beforeAll, describe, expect, it } from 'vitest'
import * as layout from '../../src/tls/layout.ts'
import { ObjectTypes } from '../btf.ts'

describe.each(['x64', 'arm64'])('records of TLS in the object for %s', (architecture) => {
  let types: ObjectTypes
  beforeAll(() => {
    types = new ObjectTypes('tls', architecture)
  })

  it.each(['tls_header', 'tls_chunk', 'tls_image', 'tls_file'] as const)(
    'are what TypeScript decodes: struct %s',
    (name) => {
      expect(types.offsets(name)).toMatchObject(layout[name])
    },
  )

  it('have keys of files, and a fixed part before a path, as long as TypeScript copies them', () => {
    expect(types.size('tls_image')).toBe(layout.IMAGE_BYTES)
    expect(types.size('tls_file')).toBe(layout.FILE_BYTES)
  })

  it.each(['tls_record_kind', 'tls_cookie', 'tls_lost'] as const)(
    'have the numbers of enum %s',
    (name) => {
      expect(types.numbers(name)).toMatchObject(layout[name])
    },
  )
})
