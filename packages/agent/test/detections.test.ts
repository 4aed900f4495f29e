import type { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import { Detections } from '../src/detections.ts'

let seq = 0
const base = () => ({ seq: ++seq, time: 0, scope: 's', execId: 'p', step: 'build' })
const network = { verdict: 'blocked', reason: 'not in the policy', rule: null } as const
const file = { truth: 'kernel', workspace: true, sensitive: null, errno: 0 } as const

/** The ids of what a sequence of events leads to; `exe` is who acts from there on. */
function found(acts: (Event | string)[], inside: number[] = []): string[] {
  let exe = '/bin/sh'
  const detections = new Detections(
    () => exe,
    (pid) => inside.includes(pid),
  )
  const ids: string[] = []
  for (const act of acts) {
    if (typeof act === 'string') exe = act
    else ids.push(...detections.see(act).map(({ id, severity }) => `${id} ${severity}`))
  }
  return ids
}

const query = (name: string, verdict: 'blocked' | 'attack-blocked' | 'allowed'): Event => ({
  ...base(),
  ...network,
  verdict,
  kind: 'dns.query',
  name,
  type: 'A',
  server: '192.0.2.53',
  serverPort: 53,
  protocol: 'udp',
  rcode: null,
  addresses: [],
  cnames: [],
})
const connect = (
  address: string,
  verdict: 'blocked' | 'attack-blocked' | 'would-block',
): Event => ({
  ...base(),
  ...network,
  verdict,
  kind: 'net.connect',
  host: null,
  address,
  port: 443,
  protocol: 'tcp',
  via: 'connect',
  count: 1,
})
const write = (path: string, more: Partial<{ workspace: boolean; errno: number }> = {}): Event => ({
  ...base(),
  ...file,
  kind: 'file.write',
  path,
  ...more,
})
const create = (path: string): Event => ({ ...base(), ...file, kind: 'file.create', path })
const ptrace = (targetPid: number | null, errno = 0): Event => ({
  ...base(),
  kind: 'sandbox.change',
  change: 'ptrace',
  detail: 'ptrace(ATTACH)',
  truth: 'kernel',
  errno,
  targetPid,
})

test.each<[string, (Event | string)[], string[]]>([
  [
    'a refused name is told once',
    [query('a.test', 'blocked'), query('a.test', 'blocked'), query('b.test', 'allowed')],
    ['domain-blocked medium'],
  ],
  [
    'a block-listed name is critical',
    [query('evil.test', 'attack-blocked')],
    ['attack-blocked critical'],
  ],
  [
    'a refused address is told, one that passed in audit mode is not',
    [connect('192.0.2.1', 'blocked'), connect('192.0.2.2', 'would-block')],
    ['destination-blocked medium'],
  ],
  [
    'a block-listed address is critical',
    [connect('192.0.2.1', 'attack-blocked')],
    ['attack-blocked critical'],
  ],
  ['a file that its own writer changes is nothing', [create('/w/a'), write('/w/a')], []],
  [
    'a file that another program changes is told',
    ['/usr/bin/git', create('/w/a'), '/usr/bin/sed', write('/w/a'), write('/w/a')],
    ['source-code-overwritten low'],
  ],
  [
    '… also under its new name',
    [
      '/usr/bin/git',
      create('/w/a'),
      { ...base(), ...file, kind: 'file.rename', path: '/w/a', to: '/w/b', link: 'rename' },
      '/usr/bin/sed',
      write('/w/b'),
    ],
    ['source-code-overwritten low'],
  ],
  [
    '… but not when it was deleted and made anew',
    [
      '/usr/bin/git',
      create('/w/a'),
      { ...base(), ...file, kind: 'file.delete', path: '/w/a' },
      '/usr/bin/sed',
      create('/w/a'),
    ],
    [],
  ],
  [
    '… nor when it failed, or lies elsewhere',
    [
      '/usr/bin/git',
      create('/w/a'),
      '/usr/bin/sed',
      write('/w/a', { errno: 13 }),
      write('/x/a', { workspace: false }),
    ],
    [],
  ],
  [
    'another process’s memory is told',
    [
      {
        ...base(),
        ...file,
        workspace: false,
        sensitive: 'process-memory',
        kind: 'file.read',
        path: '/proc/77/mem',
      },
    ],
    ['process-memory-read high'],
  ],
  ['a process outside that is traced is told', [ptrace(77)], ['outside-process-traced high']],
  [
    'a debugger on the job’s own process is not, nor one that was refused',
    [ptrace(5), ptrace(77, 1), ptrace(null)],
    [],
  ],
  [
    'a process moved out of the scope is critical',
    [
      {
        ...base(),
        kind: 'sandbox.change',
        change: 'cgroup',
        detail: 'process 5 was moved to /',
        truth: 'kernel',
        errno: 0,
        targetPid: 5,
      },
    ],
    ['scope-left critical'],
  ],
])('%s', (_, acts, ids) => {
  expect(found(acts, [5])).toEqual(ids)
})

test('a flood of names does not become a flood of findings', () => {
  const acts = Array.from({ length: 5000 }, (_, i) => query(`n${i}.test`, 'blocked'))
  expect(found(acts)).toHaveLength(1000)
})
