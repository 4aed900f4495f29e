import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseServer, readResolvers } from '../../src/dns/resolvers.ts'

function resolvers(text: string | null): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'resolvers-'))
  try {
    const file = join(folder, 'resolv.conf')
    if (text !== null) writeFileSync(file, text)
    return readResolvers(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each<[string, string | null, string[]]>([
  [
    'two servers among other lines',
    '# made by hand\nsearch corp.example\nnameserver 127.0.0.53\noptions edns0\nnameserver\t2001:db8::53 # second\n',
    ['127.0.0.53', '2001:db8::53'],
  ],
  ['a link-local server with its zone', 'nameserver fe80::1%eth0', ['fe80::1%eth0']],
  [
    'lines that name no address',
    'nameserver dns.example\n nameserver 192.0.2.1\nnameserver\n',
    ['127.0.0.1'],
  ],
  ['an empty file', '', ['127.0.0.1']],
  ['no file', null, ['127.0.0.1']],
])('resolv.conf with %s', (_what, text, expected) => {
  expect(resolvers(text)).toEqual(expected)
})

test('a server keeps its zone in its text, not in its address', () => {
  expect(parseServer('fe80::1%eth0')).toMatchObject({ host: 'fe80::1%eth0', port: 53 })
  expect(parseServer('fe80::1%eth0')?.address.toString('hex')).toBe(
    'fe800000000000000000000000000001',
  )
})
