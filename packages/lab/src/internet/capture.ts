import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { hasSaid } from '../has-said.ts'
import type { PacketRecord } from '../record.ts'
import { link } from './link.ts'
import { parsePacket } from './packet.ts'
import { PcapReader } from './pcap.ts'
import { QueryLog } from './query-log.ts'
import { spawnTied } from './tied.ts'

const keptPayload = 64 << 20

/**
 * Every packet that arrives over the lab's link, by tcpdump. Whether it has them all is known: the
 * link itself counts what arrives.
 */
export class Capture {
  readonly packets: PacketRecord[] = []
  readonly queryLog = new QueryLog()
  #frames = 0
  #kept = 0
  #failure: string | null = null

  /** Resolves when every frame from now on is captured. */
  static async start(): Promise<Capture> {
    const capture = new Capture()
    const tcpdump = spawnTied('tcpdump', [
      '-i',
      link.internet,
      '-Q',
      'in',
      '-Z',
      'root',
      '-n',
      '-B',
      '262144',
      '-s',
      '2048',
      '-U',
      '--immediate-mode',
      '--time-stamp-precision=nano',
      '-w',
      '-',
    ])
    const reader = new PcapReader()
    tcpdump.stdout.on('data', (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) {
        capture.#frames++
        if (frame.length > frame.bytes.length)
          capture.#failure ??= `a frame of ${frame.length} bytes was cut`
        const packet = parsePacket(frame)
        if (packet === null || packet.upkeep) continue
        capture.#add(packet)
      }
    })
    tcpdump.once('exit', (code) => {
      capture.#failure = `tcpdump ended (${code})`
    })
    await hasSaid(tcpdump, 'listening on')
    return capture
  }

  #add(packet: NonNullable<ReturnType<typeof parsePacket>>): void {
    this.queryLog.add(packet)
    const { sequence: _, upkeep: __, ...record } = packet
    this.#kept += record.bytes
    // A copy: the capture's own buffer is much larger than one packet.
    record.payload = this.#kept > keptPayload ? Buffer.alloc(0) : Buffer.from(record.payload)
    this.packets.push(record)
  }

  /** Waits until all that has arrived is in the record; gives how many frames that were. */
  async complete(): Promise<number> {
    const arrived = await framesArrived()
    const deadline = Date.now() + 10_000
    while (this.#frames < arrived || this.#failure !== null) {
      if (this.#failure !== null) throw new Error(this.#failure)
      if (Date.now() > deadline) {
        throw new Error(
          `the capture lost packets: ${arrived} arrived, ${this.#frames} are recorded`,
        )
      }
      await delay(1)
    }
    return arrived
  }

  clear(): void {
    this.packets.length = 0
    this.queryLog.queries.length = 0
    this.#kept = 0
  }
}

/** Frames that arrived over the link so far, as the kernel counts them. */
async function framesArrived(): Promise<number> {
  const table = await readFile('/proc/self/net/dev', 'utf8')
  const line = table.split('\n').find((line) => line.trim().startsWith(`${link.internet}:`))
  return Number(line?.split(':')[1]?.trim().split(/\s+/)[1] ?? 0)
}
