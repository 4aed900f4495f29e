import { expect, test } from 'vitest'
import { dig, startDnsmasq } from './dnsmasq.ts'
import { server, startTestProxy, type TestPolicy } from './fixture.ts'

const INWARDS: Record<string, string> = {
  unspecified: '0.0.0.0',
  'this-network': '0.1.2.3',
  'private-10': '10.1.2.3',
  'private-172': '172.16.0.1',
  'private-192': '192.168.1.1',
  shared: '100.64.0.1',
  loopback: '127.0.0.1',
  'link-local': '169.254.1.1',
  metadata: '169.254.169.254',
  credentials: '169.254.170.2',
  wireserver: '168.63.129.16',
  multicast: '224.0.0.251',
  reserved: '240.0.0.1',
  broadcast: '255.255.255.255',
  'v6-unspecified': '::',
  'v6-loopback': '::1',
  'v6-private': 'fd12:3456::1',
  'v6-metadata': 'fd00:ec2::254',
  'v6-link-local': 'fe80::1',
  'v6-multicast': 'ff02::fb',
  mapped: '::ffff:10.0.0.1',
  nat64: '64:ff9b::a9fe:a9fe',
  'local-nat64': '64:ff9b:1::a00:1',
  '6to4': '2002:a9fe:a9fe::1',
  teredo: '2001:0:a9fe:a9fe::1',
  translated: '::ffff:0:a00:1',
}
const records = Object.entries(INWARDS).map(
  ([label, address]) => `--host-record=${label}.in.example,${address}`,
)

test('an allowed name that leads inwards opens nothing, and its client is told the answer as it is', async () => {
  await using upstream = await startDnsmasq([...records, '--host-record=out.in.example,192.0.2.1'])
  await using proxy = await startTestProxy({
    policy: { allow: ['*.in.example'] },
    upstream: upstream.at,
  })
  const at = server('127.0.0.1', proxy.port)
  for (const [label, address] of Object.entries(INWARDS)) {
    const words = ['+short', `${label}.in.example`, address.includes(':') ? 'AAAA' : 'A']
    const text = await dig(at, ...words)
    expect(text).not.toBe('')
    expect(text).toBe(await dig(upstream.at, ...words))
  }
  expect(await dig(at, '+short', 'out.in.example', 'A')).toBe('192.0.2.1\n')
  expect(proxy.learned.map(({ address }) => address)).toEqual(['192.0.2.1'])
  const told = proxy.records.filter(({ reason }) => reason.endsWith('address and grants nothing'))
  expect(told.map(({ name }) => name)).toEqual(
    Object.keys(INWARDS).map((label) => `${label}.in.example`),
  )
})

const private443 = { address: '10.1.2.3', protocol: 'tcp', portFrom: 443, portTo: 443 } as const
test.each<[string, TestPolicy['addresses'] & object, string[]]>([
  ['the same port', [private443], ['tcp 443-443']],
  ['a range with it', [{ ...private443, portFrom: 1, portTo: 1024 }], ['tcp 443-443']],
  ['any protocol', [{ ...private443, protocol: 'any' }], ['tcp 443-443']],
  ['another port', [{ ...private443, portFrom: 8443, portTo: 8443 }], []],
  ['another protocol', [{ ...private443, protocol: 'udp' }], []],
  ['another address', [{ ...private443, address: '10.1.2.4' }], []],
])(
  'a private address of a name that is allowed for TCP 443 opens, with a line for %s: %3$s',
  async (_what, addresses, ports) => {
    await using upstream = await startDnsmasq(['--host-record=www.example.com,10.1.2.3'])
    await using proxy = await startTestProxy({
      policy: { allow: ['www.example.com'], addresses },
      upstream: upstream.at,
    })
    await dig(server('127.0.0.1', proxy.port), '+short', 'www.example.com', 'A')
    expect(proxy.learned.flatMap((learned) => learned.ports)).toEqual(ports)
  },
)
