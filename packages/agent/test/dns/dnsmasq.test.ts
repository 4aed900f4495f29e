import { expect, test } from 'vitest'
import { dig, startDnsmasq } from './dnsmasq.ts'
import { server, startTestProxy, UdpClient } from './fixture.ts'
import { queryMessage } from './messages.ts'

const RECORDS = [
  '--host-record=www.example.com,192.0.2.1,2001:db8::1',
  '--cname=alias.example.com,www.example.com',
  '--mx-host=example.com,mail.example.com,10',
  '--srv-host=_sip._tcp.example.com,sip.example.com,5060,1,2',
  '--txt-record=text.example.com,"hello, world",second',
  `--txt-record=big.example.com,${Array.from({ length: 3 }, (_, i) => String(i).repeat(250)).join(',')}`,
  '--ptr-record=1.2.0.192.in-addr.arpa,www.example.com',
  '--naptr-record=naptr.example.com,20,10,S,SIP+D2U,,_sip._udp.example.com',
  // HTTPS (65): 1 . alpn=h2 ipv4hint=192.0.2.9
  '--dns-rr=svc.example.com,65,0001000001000302683200040004c0000209',
  '--caa-record=example.com,0,issue,ca.example.net',
]
/** Without what differs between two runs of dig. */
function comparable(text: string): string {
  return text.replace(/id: \d+/, 'id').replace(/^;; (Query time|WHEN).*$/gm, '')
}

const allow = ['example.com', '*.example.com', '1.2.0.192.in-addr.arpa']

test.each([
  [['www.example.com', 'A']],
  [['WWW.Example.COM', 'AAAA']],
  [['alias.example.com', 'A']],
  [['example.com', 'MX']],
  [['_sip._tcp.example.com', 'SRV']],
  [['text.example.com', 'TXT']],
  [['-x', '192.0.2.1']],
  [['naptr.example.com', 'NAPTR']],
  [['svc.example.com', 'HTTPS']],
  [['example.com', 'CAA']],
  [['missing.example.com', 'A']],
  [['www.example.com', 'TYPE65280']],
  [['+tcp', 'big.example.com', 'TXT']],
  [['+ignore', '+noedns', 'big.example.com', 'TXT']],
  [['+dnssec', 'www.example.com', 'A']],
  [['+noedns', 'www.example.com', 'A']],
])('dig %s prints the same through the proxy as from dnsmasq itself', async (words) => {
  await using upstream = await startDnsmasq(RECORDS)
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const options = ['+nocookie', '+nostats', '+nocmd', ...words]
  const direct = comparable(await dig(upstream.at, ...options))
  expect(direct).toContain('status: N')
  expect(comparable(await dig(server('127.0.0.1', proxy.port), ...options))).toBe(direct)
})

test('dig asks again over TCP for an answer that is truncated', async () => {
  await using upstream = await startDnsmasq(RECORDS)
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const text = await dig(
    server('127.0.0.1', proxy.port),
    '+noedns',
    '+short',
    'big.example.com',
    'TXT',
  )
  expect(text).toContain('2'.repeat(250))
  expect(proxy.records.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp'])
})

test('dig shows why a name was refused', async () => {
  await using upstream = await startDnsmasq(RECORDS)
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const text = await dig(server('127.0.0.1', proxy.port), 'secret.evil.test', 'TXT')
  expect(text).toContain('status: REFUSED')
  expect(text).toContain('EDE: 15 (Blocked): (Runwarden: no rule allows this name)')
})

test('dig over one TCP connection gets every answer (dnsmasq ends a connection after a hundred)', async () => {
  await using upstream = await startDnsmasq(['--address=/many.example.com/192.0.2.1'])
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  const names = Array.from({ length: 250 }, (_, i) => `n${i}.many.example.com`)
  const text = await dig(server('127.0.0.1', proxy.port), '+tcp', '+keepopen', '+short', ...names)
  expect(text.trim().split('\n')).toEqual(names.map(() => '192.0.2.1'))
})

test('10,000 names at once are all answered, learned and recorded, once each', async () => {
  const count = 10_000
  // As many as fit in the little room that dnsmasq's socket has.
  const underWay = 100
  await using upstream = await startDnsmasq(['--address=/many.example.com/192.0.2.1'])
  await using proxy = await startTestProxy({ policy: { allow }, upstream: upstream.at })
  await using client = await UdpClient.open(proxy.port)
  client.socket.setRecvBufferSize(4 << 20)
  const unanswered = new Map<number, Buffer>()
  let next = 0
  const ask = (): void => {
    const message = queryMessage({ id: next, name: `n${next++}.many.example.com` })
    unanswered.set(message.readUInt16BE(0), message)
    client.send(message)
  }
  for (let i = 0; i < underWay; i++) ask()
  // A datagram may be lost all the same: as any client, ask again.
  const again = setInterval(() => {
    for (const message of unanswered.values()) client.send(message)
  }, 1000)
  while (unanswered.size > 0) {
    const reply = await client.next()
    // The answer to one that was asked again after its answer had left is nobody's.
    if (!unanswered.delete(reply.readUInt16BE(0))) continue
    expect(reply.readUInt16BE(2) & 0xf).toBe(0)
    if (next < count) ask()
  }
  clearInterval(again)
  expect(new Set(proxy.records.map(({ name }) => name)).size).toBe(count)
  expect(new Set(proxy.learned.map(({ name }) => name)).size).toBe(count)
})
