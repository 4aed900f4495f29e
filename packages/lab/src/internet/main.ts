import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setImmediate as turn } from 'node:timers/promises'
import { Capture } from './capture.ts'
import { serveUdp } from './datagram-server.ts'
import { DnsServer } from './dns-server.ts'
import { serveHttp } from './http-server.ts'
import { Journal } from './journal.ts'
import { joinRunner, makeLink } from './link.ts'
import type { Answer, Answers, Begin, Command, Question, ServerPlan } from './protocol.ts'
import { serveSmtp, serveTcp } from './stream-server.ts'

/** The internet side of a lab; see protocol.ts. It ends when its standard input does. */

const journal = new Journal()
const dns = new DnsServer()
let capture: Capture | null = null

async function begin(plan: Begin): Promise<true> {
  await makeLink(plan.runnerPid)
  const [started] = await Promise.all([
    plan.packets ? Capture.start() : null,
    dns.use(plan.dnsConfig),
  ])
  capture = started
  await joinRunner(plan.runnerPid)
  return true
}

async function serve(plan: ServerPlan): Promise<true> {
  const start = { http: serveHttp, https: serveHttp, tcp: serveTcp, udp: serveUdp, smtp: serveSmtp }
  await start[plan.service](plan, journal)
  return true
}

/** Until nothing more arrives: all packets are recorded, and the servers have read what they brought. */
async function flush(): Promise<true> {
  let before = -1
  for (;;) {
    const now = (await capture?.complete()) ?? 0
    // Each turn reads every socket that has something.
    for (let turns = 0; turns < 4; turns++) await turn()
    if (now === before) return true
    before = now
  }
}

async function perform(command: Command): Promise<Answers[Command['do']]> {
  switch (command.do) {
    case 'begin':
      return begin(command.begin)
    case 'serve':
      return serve(command.plan)
    case 'dns':
      await dns.use(command.config)
      return true
    case 'flush':
      return flush()
    case 'records':
      await flush()
      return journal.records.map((record) =>
        Object.assign({}, record, { data: record.data.toString('base64') }),
      )
    case 'packets':
      await flush()
      return captured().packets.map((packet) =>
        Object.assign({}, packet, { payload: packet.payload.toString('base64') }),
      )
    case 'queries':
      await flush()
      return captured().queryLog.queries
    case 'clear':
      await flush()
      journal.records.length = 0
      capture?.clear()
      return true
    default:
      throw new Error(`unknown command: ${JSON.stringify(command satisfies never)}`)
  }
}

function captured(): Capture {
  if (capture === null) throw new Error('this lab was started with `packets: false`')
  return capture
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const question = JSON.parse(line) as Question
  void perform(question)
    .then((ok): Answer => ({ id: question.id, ok }))
    .catch((error: unknown): Answer => ({
      id: question.id,
      error: error instanceof Error ? error.message : String(error),
    }))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
})
await once(lines, 'close')
process.exit()
