import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SHARED_MAPS } from '../../src/enforce/map-names.ts'
import { findUplinks } from '../../src/link/uplinks.ts'

const object = join(import.meta.dirname, '../../../../bpf/build', process.arch, 'link.bpf.o')

test('every map of the link layer is that of the enforcement, but for two', () => {
  const { types } = JSON.parse(
    execFileSync('bpftool', ['btf', 'dump', 'file', object, '-j'], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }),
  ) as { types: { kind: string; name: string; vars?: { type_id: number }[]; id: number }[] }
  const maps = types
    .filter(({ kind, name }) => kind === 'DATASEC' && name === '.maps')
    .flatMap(({ vars = [] }) =>
      vars.map((variable) => types.find(({ id }) => id === variable.type_id)?.name),
    )
  expect(new Set(maps)).toEqual(
    new Set([...SHARED_MAPS, 'urgent', 'bulk', 'lost', 'link_headers', 'fragments']),
  )
})

test('uplinks are interfaces with a device or a default route, and those that are named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-uplinks-'))
  const add = (name: string, ifindex: number, type: number, device = false): void => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'ifindex'), `${ifindex}\n`)
    writeFileSync(join(folder, name, 'type'), `${type}\n`)
    if (device) mkdirSync(join(folder, name, 'device'))
  }
  add('lo', 1, 772)
  add('enp1s0', 2, 1, true)
  add('docker0', 3, 1)
  add('veth12', 4, 1)
  add('wg0', 5, 65_534)
  add('bond0', 6, 1)
  add('veth9', 7, 1)
  const view = {
    folder,
    routes4: [
      'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT',
      'bond0 00000000 010200C0 0003 0 0 0 00000000 0 0 0',
      'docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0',
      'veth12 00000000 00000000 0001 0 0 0 00000080 0 0 0',
    ].join('\n'),
    routes6: [
      `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 00000001 wg0`,
      `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 ${'0'.repeat(32)} ffffffff 00000001 00000000 00200200 lo`,
    ].join('\n'),
  }
  expect(findUplinks(['veth9', 'absent'], view)).toEqual([
    { name: 'enp1s0', index: 2, header: 14 },
    { name: 'wg0', index: 5, header: 0 },
    { name: 'bond0', index: 6, header: 14 },
    { name: 'veth9', index: 7, header: 14 },
  ])
  rmSync(folder, { recursive: true })
})
