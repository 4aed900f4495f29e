import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Journal } from './journal.ts'
import { received } from './journal.ts'
import type { ServerPlan } from './protocol.ts'

/** Records datagrams, one record each, and sends them back when planned so. */
export function serveUdp(plan: ServerPlan, journal: Journal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: isIPv6(plan.address) ? 'udp6' : 'udp4',
      recvBufferSize: 4 << 20,
    })
    socket.once('error', reject)
    socket.on('message', (message, from) => {
      received(journal.open(plan, { address: from.address, port: from.port }), message)
      if (plan.echo === true) socket.send(message, from.port, from.address)
    })
    socket.bind({ address: plan.address, port: plan.port }, resolve)
  })
}
