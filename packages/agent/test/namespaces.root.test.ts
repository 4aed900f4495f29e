import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, statSync } from 'node:fs'
import type { BpfMap } from '@runwarden/libbpf'
import type { SensorRecord } from '@runwarden/sensor'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OutpostSockets } from '../src/dns/outpost.ts'
import { Namespaces } from '../src/namespaces.ts'

/** The DNS proxy, which notes where it is to listen, by the namespace's inode. */
class Proxy {
  readonly ports = { port4: 5300, port6: 5300 }
  readonly at = new Map<number, number>()
  readonly sockets = new Map<number, number[]>()
  failure: Error | null = null

  serve({ namespace, pairs }: OutpostSockets): Promise<void> {
    if (this.failure) return Promise.reject(this.failure)
    this.at.set(namespace, fstatSync(namespace).ino)
    this.sockets.set(
      namespace,
      pairs.flatMap(({ udp, tcp }) => [udp, tcp]),
    )
    return Promise.resolve()
  }

  leave(namespace: number): Promise<void> {
    for (const socket of this.sockets.get(namespace) ?? []) closeSync(socket)
    this.sockets.delete(namespace)
    this.at.delete(namespace)
    return Promise.resolve()
  }
}

let proxy: Proxy
let served: Map<number, number>
let gaps: string[]
let processes: number[]
let namespaces: Namespaces
let children: ChildProcess[]

beforeEach(() => {
  proxy = new Proxy()
  served = new Map()
  gaps = []
  processes = []
  children = []
  const map = {
    set: (key: Buffer, value: Buffer) => served.set(key.readUInt32LE(), value.readUInt32LE()),
    delete: (key: Buffer) => served.delete(key.readUInt32LE()),
  }
  namespaces = new Namespaces({
    dns: () => proxy,
    served: () => map as unknown as BpfMap,
    processes: () => processes,
    follow: () => () => {},
    gap: (text) => gaps.push(text),
  })
})
afterEach(async () => {
  processes = []
  namespaces.sweep()
  for (const child of children) {
    const ended = once(child, 'exit')
    if (child.kill('SIGKILL')) await ended
  }
})

/** A process in a network namespace of its own. */
async function start(): Promise<{ pid: number; inode: number }> {
  const own = statSync('/proc/self/ns/net').ino
  const child = spawn('unshare', ['--net', 'sleep', '1000'], { stdio: 'ignore' })
  children.push(child)
  const pid = child.pid ?? 0
  await vi.waitUntil(() => statSync(`/proc/${pid}/ns/net`).ino !== own)
  processes.push(pid)
  return { pid, inode: statSync(`/proc/${pid}/ns/net`).ino }
}

const changed = (tgid: number, detail: string, targetPid: number | null): SensorRecord =>
  ({
    kind: 'sandbox',
    change: detail.startsWith('setns') ? 'setns' : 'namespace',
    detail,
    errno: 0,
    tgid,
    targetPid,
  }) as SensorRecord

test('a namespace in which a program starts is served', async () => {
  const { pid, inode } = await start()
  namespaces.serve(pid)
  await vi.waitUntil(() => served.has(inode))
  expect([...proxy.at.values()]).toEqual([inode])
})

test('that names can’t be answered in a namespace is told once, and nobody waits for it', async () => {
  proxy.failure = new Error('the port is taken')
  const { pid, inode } = await start()
  namespaces.serve(pid)
  namespaces.serve(pid)
  await vi.waitUntil(() => gaps.length > 0)
  expect(served.has(inode)).toBe(true)
  expect(gaps).toEqual([expect.stringContaining('the port is taken')])
})

test.for(['unshare(user, net)', 'setns(net)', 'clone(mount, net)'])(
  '%s leads to a namespace that is served',
  async (detail) => {
    const { pid, inode } = await start()
    namespaces.see(
      detail.startsWith('clone') ? changed(1, detail, pid) : changed(pid, detail, null),
    )
    await vi.waitUntil(() => served.has(inode))
  },
)

test('other changes, and the agent’s own namespace, need nothing', async () => {
  const { pid } = await start()
  namespaces.see(changed(pid, 'unshare(mount, netlike)', null))
  namespaces.see(changed(process.pid, 'setns(net)', null))
  await new Promise(setImmediate)
  expect(proxy.at.size).toBe(0)
})

test('a namespace is served once for all of its processes, and left when the last is gone', async () => {
  const first = await start()
  namespaces.serve(first.pid)
  namespaces.serve(first.pid)
  await vi.waitUntil(() => served.has(first.inode))
  expect(proxy.at.size).toBe(1)
  namespaces.sweep()
  expect(proxy.at.size).toBe(1)
  const [descriptor = -1] = proxy.at.keys()
  processes = []
  namespaces.sweep()
  // Whoever starts there from now on waits again.
  expect(served.size).toBe(0)
  await vi.waitUntil(() => proxy.at.size === 0)
  await vi.waitUntil(() => !isOpen(descriptor))
})

test('all are left in the end, also when the proxy is gone', async () => {
  const { pid } = await start()
  namespaces.serve(pid)
  await vi.waitUntil(() => proxy.at.size === 1)
  const [descriptor = -1] = proxy.at.keys()
  vi.spyOn(proxy, 'leave').mockRejectedValue(new Error('it is gone'))
  namespaces.close()
  await vi.waitUntil(() => !isOpen(descriptor))
  vi.restoreAllMocks()
  await proxy.leave(descriptor)
})

test('what an earlier agent’s scope holds is served from the start', async () => {
  const { inode } = await start()
  namespaces.adopt()
  await vi.waitUntil(() => served.has(inode))
})

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor)
    return true
  } catch {
    return false
  }
}
