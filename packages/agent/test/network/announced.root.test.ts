import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { NetlinkListener } from '@runwarden/libbpf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviceChange, deviceGroups } from '../../src/network/devices.ts'
import { PacketRules, ruleGroups } from '../../src/network/packet-rules.ts'

let inside: ChildProcess
let devices: NetlinkListener
let rules: NetlinkListener
beforeAll(async () => {
  inside = spawn('unshare', ['-n', 'sleep', '1000000'], { stdio: 'ignore' })
  await once(inside, 'spawn')
  const namespace = `/proc/${inside.pid}/ns/net`
  while (readlinkSync(namespace) === readlinkSync('/proc/self/ns/net'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  devices = new NetlinkListener(namespace, 0, deviceGroups)
  rules = new NetlinkListener(namespace, 12, ruleGroups)
})
afterAll(() => {
  devices.close()
  rules.close()
  inside.kill('SIGKILL')
})

/** Runs command lines in the namespace. */
function run(...lines: string[]): void {
  for (const line of lines)
    execFileSync('nsenter', ['-n', `-t${inside.pid}`, ...line.split(' ')], { stdio: 'pipe' })
}

function come(): string[] {
  const found: string[] = []
  expect(
    devices.take((message) => found.push(...[deviceChange(message)].filter((one) => one !== null))),
  ).toBe(true)
  return found
}

function changed(): { thread: number; words: string[] }[] {
  const found: { thread: number; words: string[] }[] = []
  const changes = new PacketRules()
  rules.take((message) => {
    const change = changes.take(message)
    if (change !== null) found.push(change)
  })
  return found
}

test('a device is told when it comes, once, with its kind', () => {
  run('ip link add v0 type veth peer name v1', 'ip link set v0 up', 'ip link set v1 up')
  expect(come().toSorted()).toEqual(['veth v0', 'veth v1'])
  run('ip link set v0 mtu 1300', 'ip addr add 192.0.2.1/24 dev v0', 'ip link del v0')
  expect(come()).toEqual([])
})

test('tunnels and devices of programs', () => {
  run('ip link add x0 type vxlan id 7 dstport 4789', 'ip link del x0')
  run('ip tuntap add t0 mode tun', 'ip tuntap add t1 mode tap')
  expect(come()).toEqual(['vxlan x0', 'tun t0', 'tun t1'])
})

test('what rewrites at a device, and what only looks', () => {
  const out = 'nft add chain netdev n c { type filter hook ingress device lo priority 0; }'
  run('nft add table netdev n', out, 'nft add rule netdev n c ip daddr 192.0.2.7 counter')
  run(
    'nft add rule netdev n c ip daddr 192.0.2.7 ip daddr set 192.0.2.8',
    'nft delete table netdev n',
  )
  expect(changed().map(({ words }) => words)).toEqual([
    [],
    ['netdev'],
    ['netdev'],
    ['netdev', 'payload'],
    [],
  ])
})

test('a change of packet rules is told with the process that made it', async () => {
  const nft = spawn('nsenter', ['-n', `-t${inside.pid}`, 'nft', 'add', 'table', 'ip', 'p'])
  await once(nft, 'exit')
  expect(changed()).toEqual([{ thread: nft.pid, words: [] }])
})
