import type { Event } from '@runwarden/events'
import { plain, plainCommand } from '@runwarden/events/plain'
import { placeOf } from './address.ts'
import { changeWords, unhashedWords } from './wording.ts'

/** One line of what an event was, safe to show. */
export function inWords(event: Event): string {
  switch (event.kind) {
    case 'process.exec':
      return `started ${plainCommand(event.argv.length > 0 ? event.argv : [event.exe], 400)} in ${plain(event.cwd, 400)}`
    case 'process.program':
      return event.sha256 === null
        ? `${plain(event.path, 400)} was not hashed: ${unhashedWords(event.unread)}`
        : `${plain(event.path, 400)} held what has the SHA-256 ${plain(event.sha256, 64)}`
    case 'process.exit':
      return event.signal === null
        ? `ended with status ${event.code ?? '?'}`
        : `ended by signal ${event.signal}`
    case 'step.start':
      return `began the step ${plain(event.step ?? '', 400)}`
    case 'dns.query':
      return `asked ${plain(event.server)} for ${plain(event.name, 400)} (${plain(event.type)}): ${event.verdict}`
    case 'net.connect':
    case 'net.flow': {
      const place = plain(placeOf(event), 400)
      if (event.kind === 'net.flow')
        return `sent ${event.bytesOut} bytes to ${place}: ${event.verdict}`
      const passed = event.verdict === 'allowed' || event.verdict === 'would-block'
      return `${(passed ? reached : tried)[event.via]} ${place}: ${event.verdict}`
    }
    case 'http.request':
      return `${plain(event.method, 40)} ${event.scheme}://${plain(event.host, 400)}${plain(event.path, 400)}: ${event.verdict}`
    case 'http.response':
      return event.status === null
        ? 'no response was seen'
        : `status ${event.status}, ${event.requestBytes} bytes up, ${event.responseBytes} down`
    case 'http.opaque':
      return `sent what was not read (${event.reason})${event.host === null ? '' : ` to ${plain(event.host, 400)}`}`
    case 'file.write':
    case 'file.create':
    case 'file.delete':
    case 'file.read':
      return `${event.kind.slice(5)} ${plain(event.path, 400)}${failed(event.errno)}`
    case 'file.rename':
      return `${event.link === 'rename' ? 'rename' : `${event.link} link`} ${plain(event.path, 400)} to ${plain(event.to, 400)}${failed(event.errno)}`
    case 'file.changed':
      return `${changeWords(event.state)} ${plain(event.path, 400)}, which ${event.writer === null ? 'was there before the run' : `${plain(event.writer.exe, 200)} had written`}`
    case 'secret.found':
      return event.place === 'log'
        ? `wrote a secret (${plain(event.secret, 100)}, ${plain(event.form, 100)}) to line ${event.position} of the build log`
        : `read ${plain(event.path, 400)} for ${event.place === 'cache' ? 'a cache' : 'an artifact'}: a secret (${plain(event.secret, 100)}, ${plain(event.form, 100)}) is in line ${event.position}`
    case 'sandbox.change':
      return `${event.change}: ${plain(event.detail, 400)}${failed(event.errno)}`
    case 'detection':
      return plain(event.title, 400)
    case 'agent.health':
      return `${event.state}: ${plain(event.detail, 400)}`
  }
}

const reached = {
  connect: 'connected to',
  send: 'sent to',
  socket: 'opened a socket',
  packet: 'sent a packet to',
  link: 'put a packet on the wire to',
}

const tried: typeof reached = {
  connect: 'tried to connect to',
  send: 'tried to send to',
  socket: 'tried to open a socket',
  packet: 'tried to send a packet to',
  link: 'tried to put a packet on the wire to',
}

function failed(errno: number): string {
  return errno === 0 ? '' : ` (failed, errno ${errno})`
}
