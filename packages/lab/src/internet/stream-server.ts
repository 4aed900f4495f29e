import { createServer, type Socket } from 'node:net'
import type { Journal } from './journal.ts'
import { received } from './journal.ts'
import { listening } from './listening.ts'
import type { ServerPlan } from './protocol.ts'

/** Accepts TCP connections, records what they bring, and greets or echoes as planned. */
export function serveTcp(plan: ServerPlan, journal: Journal): Promise<void> {
  const server = createServer((socket) => {
    const record = journal.open(plan, peer(socket))
    socket.on('error', (error) => {
      record.error = error.message
    })
    if (plan.greeting !== undefined) socket.write(plan.greeting)
    socket.on('data', (chunk) => {
      received(record, chunk)
      if (plan.echo === true) socket.write(chunk)
    })
  })
  return listening(server, plan)
}

/** Takes mail as an SMTP server would (RFC 5321, the commands that a client needs), and records it. */
export function serveSmtp(plan: ServerPlan, journal: Journal): Promise<void> {
  const server = createServer((socket) => {
    const record = journal.open(plan, peer(socket))
    socket.on('error', (error) => {
      record.error = error.message
    })
    let rest = ''
    let inMessage = false
    const answer = (line: string) => {
      const command = line.slice(0, 4).toUpperCase()
      if (inMessage) {
        if (line !== '.') return
        inMessage = false
        socket.write('250 Accepted\r\n')
      } else if (command === 'DATA') {
        inMessage = true
        socket.write('354 Go on\r\n')
      } else if (command === 'QUIT') {
        socket.end('221 Bye\r\n')
      } else {
        socket.write(`250 ${plan.server}\r\n`)
      }
    }
    socket.write(`220 ${plan.server} ESMTP\r\n`)
    socket.on('data', (chunk) => {
      received(record, chunk)
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      lines.forEach(answer)
    })
  })
  return listening(server, plan)
}

/** The other end of a connection; IPv4 as such. */
export function peer(socket: Socket): { address: string; port: number } {
  return { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
}
