import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { TYPE } from '../../src/dns/codes.ts'
import type { DnsServer } from '../../src/dns/contract.ts'
import { dig, freePort } from './dnsmasq.ts'
import { FakeServer, server, startTestProxy } from './fixture.ts'
import { a, answerMessage } from './messages.ts'

/** Podman's resolver of containers, where Debian and Fedora have it. */
const program = ['/usr/lib/podman/aardvark-dns', '/usr/libexec/podman/aardvark-dns'].find((path) =>
  existsSync(path),
)

/** aardvark-dns with one network and one container, `db` at 10.89.0.5. It leads a life of its own. */
async function startAardvark(path: string): Promise<AsyncDisposable & { at: DnsServer }> {
  const folder = mkdtempSync(join(tmpdir(), 'aardvark-'))
  const at = server('127.0.0.1', await freePort('127.0.0.1'))
  // What it does not know it would ask of 127.0.0.1, where nobody answers, and of no resolver of this machine.
  writeFileSync(join(folder, 'net1'), `${at.host} ${at.host}\n${'0'.repeat(64)} 10.89.0.5  db\n`)
  spawn(path, ['--config', folder, '--port', String(at.port), 'run'], { stdio: 'ignore' })
  while (!(await dig(at, '+short', 'db')).includes('10.89.0.5')) await setTimeout(50)
  return {
    at,
    [Symbol.asyncDispose]() {
      process.kill(Number(readFileSync(join(folder, 'aardvark.pid'), 'utf8')))
      rmSync(folder, { recursive: true })
      return Promise.resolve()
    },
  }
}

test('podman’s own resolver is asked for names of containers; all other names are this proxy’s matter', async ({
  skip,
}) => {
  if (program === undefined) return skip('aardvark-dns is not installed')
  await using aardvark = await startAardvark(program)
  await using resolver = await FakeServer.start((query, reply) =>
    reply(answerMessage(query, { answers: [{ type: TYPE.A, data: a('192.0.2.1') }] })),
  )
  await using proxy = await startTestProxy({
    policy: { allow: ['www.example.com'] },
    upstream: resolver.at,
  })
  proxy.client.now = { process: null, server: aardvark.at }
  const at = server('127.0.0.1', proxy.port)
  const told: Record<string, string> = {}
  for (const name of ['db', 'db.dns.podman', 'www.example.com', 'secret.evil.test'])
    told[name] = (await dig(at, '+noall', '+comments', '+answer', name)).replace(
      /^.*status: (\w+).*?(\S*)\s*$/s,
      '$1 $2',
    )
  expect(told).toEqual({
    db: 'NOERROR 10.89.0.5',
    'db.dns.podman': 'NOERROR 10.89.0.5',
    'www.example.com': 'NOERROR 192.0.2.1',
    'secret.evil.test': expect.stringMatching(/^REFUSED/) as string,
  })
  expect(proxy.learned.map(({ address }) => address)).toEqual(['192.0.2.1'])
  expect(resolver.asked).toHaveLength(1)
})
