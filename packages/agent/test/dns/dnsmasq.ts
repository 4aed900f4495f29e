import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { DnsServer } from '../../src/dns/contract.ts'
import { server, UdpClient } from './fixture.ts'
import { queryMessage } from './messages.ts'

export interface Dnsmasq extends AsyncDisposable {
  at: DnsServer
}

/** A real DNS server that knows what its options say and nothing else. Default: a free port of 127.0.0.1. */
export async function startDnsmasq(
  options: string[],
  host = '127.0.0.1',
  port?: number,
): Promise<Dnsmasq> {
  if (port !== undefined) return start(options, server(host, port))
  for (;;) {
    try {
      return await start(options, server(host, await freePort(host)))
    } catch (error) {
      // Somebody else has taken the port meanwhile.
      if (!String(error).includes('in use')) throw error
    }
  }
}

async function start(options: string[], at: DnsServer): Promise<Dnsmasq> {
  const args = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--pid-file=',
    '--cache-size=0',
    '--local=/#/',
    '--user=root',
    '--dns-forward-max=20000',
    `--listen-address=${at.host}`,
    `--port=${at.port}`,
    ...options,
  ]
  const child = spawn('dnsmasq', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const ended = once(child, 'close').then(() => Promise.reject(new Error(`dnsmasq ended: ${said}`)))
  ended.catch(() => {})
  await Promise.race([answers(at), ended])
  return {
    at,
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.kill()
      await exit
    },
  }
}

export async function freePort(host: string): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, host)
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

/** Asks until there is an answer. */
async function answers(at: DnsServer): Promise<void> {
  await using client = await UdpClient.open(at.port, at.host)
  client.socket.on('error', () => {})
  const asking = setInterval(() => client.send(queryMessage()), 10)
  await client.next()
  clearInterval(asking)
}

/** What dig prints when it asks a server (default: `+short` of what it is told to ask). */
export async function dig(at: DnsServer, ...words: string[]): Promise<string> {
  const child = spawn(
    'dig',
    [`@${at.host}`, '-p', String(at.port), '+time=3', '+tries=1', ...words],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  await once(child, 'close')
  return text
}
