import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { builtObjects, guard_act } from '@runwarden/sensor'
import { expect, test } from 'vitest'

interface BtfType {
  kind: string
  values?: { name: string; val: number }[]
}

test.each(['x64', 'arm64'])(
  'what the guard refuses has the numbers of the object for %s',
  (arch) => {
    const object = join(builtObjects(), '..', arch, 'guard.bpf.o')
    const text = execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    const { types } = JSON.parse(text) as { types: BtfType[] }
    const found = types.find(
      ({ kind, values }) => kind === 'ENUM' && values?.some(({ name }) => name === 'GUARD_MAP'),
    )
    expect(Object.fromEntries(found?.values?.map(({ name, val }) => [name, val]) ?? [])).toEqual(
      guard_act,
    )
  },
)
