import { compile, parseAllowedEndpoints, policyOf } from '@runwarden/policy'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { type DnsProxyOptions, DnsProxyError, startDnsProxy } from '../../src/dns/start.ts'
import { UdpClient } from './fixture.ts'
import { queryMessage } from './messages.ts'

const compiled = compile(
  policyOf(parseAllowedEndpoints('www.example.com', 'test'), { egress: 'block' }),
)

function options(more: Partial<DnsProxyOptions> = {}): DnsProxyOptions {
  return {
    policy: compiled,
    resolvers: ['127.0.0.1'],
    onQueries: () => {},
    onFault: (text) => {
      throw new Error(text)
    },
    onLost: () => {},
    onFailure: (error) => {
      throw error
    },
    ...more,
  }
}

/** Starts a thread from a program that a test makes up. */
async function withProgram(source: string, use: (worker: URL) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dns-thread-'))
  try {
    const file = join(folder, 'worker.mjs')
    writeFileSync(file, source)
    await use(pathToFileURL(file))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const READY = `
  import { parentPort } from 'node:worker_threads'
  parentPort.postMessage({ kind: 'ready', ports: { port4: 1, port6: null } })
`

test('it listens for UDP and TCP in its own thread, answers nobody before it has maps, and ends when closed', async () => {
  const proxy = await startDnsProxy(options())
  await using client = await UdpClient.open(proxy.ports.port4)
  client.send(queryMessage())
  let stats = await proxy.stats()
  while (stats.unknownClients === 0) stats = await proxy.stats()
  expect(stats).toMatchObject({ unknownClients: 1, queries: 0 })
  expect(client.unread).toBe(0)
  expect(await proxy.close()).toMatchObject({ unknownClients: 1 })
  expect(await proxy.close()).toBeNull()
  await expect(proxy.stats()).rejects.toThrow(DnsProxyError)
})

test('several do not meet', async () => {
  await using first = await startDnsProxy(options())
  await using second = await startDnsProxy(options())
  expect(first.ports.port4).not.toBe(second.ports.port4)
})

test('a map that is not there is an error of the request, and the proxy lives on', async () => {
  await using proxy = await startDnsProxy(options())
  const none = 0x7fff_ffff
  await expect(
    proxy.useMaps({
      learned: none,
      names: none,
      nameIds: none,
      led: none,
      dnsClients: none,
      processFits: null,
    }),
  ).rejects.toThrow()
  await proxy.replacePolicy(compiled)
  expect(await proxy.stats()).toMatchObject({ queries: 0 })
})

const ring = JSON.stringify(new URL('../../src/dns/record-ring.ts', import.meta.url).href)
const record = { name: 'www.example.com', process: { tgid: 1, start: '2' } }

test('records are there to be drained as soon as the thread has written them', async () => {
  const program = `${READY}
    import { workerData } from 'node:worker_threads'
    import { RecordRing } from ${ring}
    const shared = new Int32Array(workerData.policy.shared)
    parentPort.on('message', ({ number }) => {
      new RecordRing(workerData.ring).write(${JSON.stringify(record)})
      Atomics.store(shared, 0, 1)
      Atomics.notify(shared, 0)
      parentPort.postMessage({ kind: 'done', number, stats: {} })
    })
  `
  await withProgram(program, async (worker) => {
    const names: string[] = []
    const shared = new SharedArrayBuffer(4)
    await using proxy = await startDnsProxy(
      options({
        worker,
        policy: Object.assign({ shared }, compiled),
        onQueries: (records) => names.push(...records.map(({ name }) => name)),
      }),
    )
    const asked = proxy.stats()
    // No turn of this thread's event loop comes between the writing and the draining.
    Atomics.wait(new Int32Array(shared), 0, 0)
    expect(names).toEqual([])
    proxy.drain()
    expect(names).toEqual(['www.example.com'])
    await asked
  })
})

test.each([
  ['cannot start', 'throw new Error("no room")', 'the DNS proxy cannot start: no room'],
  ['ends before it listens', '', 'the DNS proxy cannot start: its thread ended'],
])('a thread that %s is told as what it is', async (_what, program, message) => {
  await withProgram(program, async (worker) => {
    await expect(startDnsProxy(options({ worker }))).rejects.toThrow(message)
  })
})

test('a thread that dies later is told, and nobody waits for it', async () => {
  await withProgram(
    `${READY}\nparentPort.on('message', () => { throw new Error('broken') })`,
    async (worker) => {
      const failure = Promise.withResolvers<DnsProxyError>()
      const proxy = await startDnsProxy(options({ worker, onFailure: failure.resolve }))
      await expect(proxy.stats()).rejects.toThrow('the DNS proxy is gone (broken)')
      expect((await failure.promise).code).toBe('DNS_PROXY')
      await proxy.close()
    },
  )
})

test('that records found no room is told once, before the records that did', async () => {
  const program = `${READY}
    import { workerData } from 'node:worker_threads'
    import { RecordRing } from ${ring}
    parentPort.on('message', ({ number }) => {
      const told = new RecordRing(workerData.ring)
      told.write({ ...${JSON.stringify(record)}, name: 'n'.repeat(5 << 20) })
      told.write(${JSON.stringify(record)})
      parentPort.postMessage({ kind: 'done', number, stats: {} })
    })
  `
  await withProgram(program, async (worker) => {
    const told: string[] = []
    const onLost = (): void => void told.push('lost')
    const onQueries = (): void => void told.push('records')
    await using proxy = await startDnsProxy(options({ worker, onLost, onQueries }))
    for (let i = 0; i < 2; i++) {
      await proxy.stats()
      proxy.drain()
    }
    expect(told).toEqual(['lost', 'records', 'records'])
  })
})
