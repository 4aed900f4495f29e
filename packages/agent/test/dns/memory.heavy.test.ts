import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { AnsweredNames } from '../../src/answered-names.ts'
import { ProcessTable } from '../../src/process-table.ts'
import { Detections } from '../../src/detections.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { DEFAULT_LIMITS } from '../../src/dns/contract.ts'
import { LocalProxy } from '../../src/dns/proxy.ts'
import { RecordRing } from '../../src/dns/record-ring.ts'
import { EventStream } from '../../src/event-stream.ts'
import { FakeServer, testPolicy, UdpClient } from './fixture.ts'
import { answerMessage, queryMessage } from './messages.ts'

const NAMES = 200_000
const UNDER_WAY = 64
/** By then all that is bounded is full: the agent keeps 65,536 addresses with their names. */
const FULL = 140_000
/** 25 bytes for each further name; what garbage collection leaves differs by less. */
const GROWTH = 1.5e6
/** Messages that wait to be freed; it goes up and down by 20 MB. */
const OUTSIDE = 64e6

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function held(): { heapUsed: number; external: number } {
  collect()
  return process.memoryUsage()
}

test(
  '200,000 names, each asked once, allowed and refused in turn: once all tables are full, more names take no memory',
  { timeout: 300_000 },
  async () => {
    let address = 0
    await using upstream = await FakeServer.start((query, reply) => {
      upstream.asked.length = 0
      address++
      const data = Buffer.from([198, 51 + (address >> 16), (address >> 8) & 255, address & 255])
      reply(answerMessage(query, { answers: [{ type: TYPE.A, data }] }))
    })
    const ring = new RecordRing(4 << 20)
    const proxy = await LocalProxy.open({
      policy: testPolicy({ allow: ['*.many.example'] }),
      clients: {
        find: () => ({ process: { tgid: 1, start: 1n }, server: upstream.at }),
        fulfils: () => false,
      },
      learner: { learn: () => true, share: () => {}, has: () => false },
      resolvers: [upstream.at],
      limits: DEFAULT_LIMITS,
      onRecords: (records) => records.forEach((record) => ring.write(record)),
      onFault: (error) => {
        throw error
      },
    })
    const names = new AnsweredNames(() => {})
    const gaps: string[] = []
    const detections = await Detections.load({
      writerOf: () => '',
      processes: new ProcessTable(),
      job: {},
      gap: (text) => gaps.push(text),
    })
    const stream = new EventStream('scope')
    let told = 0
    /** As the agent does with what the thread tells. */
    const take = (): void => {
      for (const { process: _, ...query } of ring.take()) {
        names.answered(query.name, query.addresses)
        const event = stream.emit({ kind: 'dns.query', execId: null, step: 'build', ...query })
        told += detections.see(event).length
      }
    }
    await using client = await UdpClient.open(proxy.ports.port4)
    let next = 0
    const ask = (): void => {
      const zone = next % 2 === 0 ? 'many.example' : 'other.test'
      client.send(queryMessage({ id: next & 0xffff, name: `name-${next++}.${zone}` }))
    }
    const askUpTo = async (end: number): Promise<ReturnType<typeof held>> => {
      const began = next
      for (let i = 0; i < UNDER_WAY; i++) ask()
      for (let answered = began; answered < end; answered++) {
        await client.next()
        if (next < end) ask()
        if (answered % 256 === 0) take()
      }
      take()
      return held()
    }
    const full = await askUpTo(FULL)
    const end = await askUpTo(NAMES)
    const stats = proxy.stats()
    proxy.close()
    expect(stats).toMatchObject({ queries: NAMES, refused: NAMES / 2, learned: NAMES / 2 })
    expect(names.size).toBe(65_536)
    // 1,000 refused names are told one by one, and that both zones carry data.
    expect(told).toBe(1002)
    expect(gaps).toEqual([
      expect.stringContaining('more than 1000 different findings of domain-blocked'),
    ])
    expect(end.heapUsed - full.heapUsed).toBeLessThan(GROWTH)
    expect(end.external).toBeLessThan(OUTSIDE)
  },
)
