import { Event } from '@runwarden/events'
import { compile, parseBlockList } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { expect, test } from 'vitest'
import type { Connection, Look, ProcessRow } from '../../src/observe/look.ts'
import { Teller } from '../../src/observe/tell.ts'

const policy = parsePolicy(
  'egress: block\nallow: [registry.example.org, 203.0.113.9:22]\n',
  'policy.yml',
)
const blockList = parseBlockList(
  JSON.stringify({ version: 1, addresses: [{ value: '203.0.113.66', reason: 'known' }] }),
  'block.json',
)

/** What a teller says of these looks, in a few words an event. */
function told(looks: readonly Partial<Look>[], alone = false): string[] {
  const words: string[] = []
  const onEvent = (event: Event): void => {
    expect(Event.safeParse(event).success).toBe(true)
    const pid = event.execId?.split('-')[0]
    if (event.kind === 'process.exec') words.push(`exec ${pid} ${event.argv.join(' ')}`)
    else if (event.kind === 'process.exit') words.push(`exit ${pid}`)
    else if (event.kind === 'net.connect')
      words.push(`${event.verdict} ${pid} ${event.host ?? event.address}:${event.port}`)
  }
  const teller = new Teller({
    compiled: compile(policy, blockList),
    root: 10,
    self: 20,
    alone,
    onEvent,
  })
  for (const [index, look] of looks.entries())
    teller.take({ time: 1_000 * index, processes: [], connections: [], names: new Map(), ...look })
  return words
}

const process = (pid: number, parentPid: number, command: string, startTime = 0): ProcessRow => ({
  pid,
  parentPid,
  uid: 501,
  startTime,
  exe: `/bin/${command.split(' ')[0]}`,
  argv: command.split(' '),
})
const runner = [
  process(1, 0, 'launchd'),
  process(10, 1, 'Runner.Worker'),
  process(20, 1, 'node observer'),
]
const connection = (
  pid: number,
  address: string,
  port: number,
  localPort = 40_000,
): Connection => ({
  pid,
  localAddress: '192.0.2.4',
  localPort,
  address,
  port,
})

test('what descends from the worker is told, once, with its end', () => {
  const step = process(30, 10, 'bash step.sh')
  const child = process(31, 30, 'curl -d @x')
  expect(
    told([{ processes: runner }, { processes: [...runner, step, child] }, { processes: runner }]),
  ).toEqual(['exec 30 bash step.sh', 'exec 31 curl -d @x', 'exit 30', 'exit 31'])
})

test('another program in the same process is told, and a pid that came back is another process', () => {
  expect(
    told([
      { processes: [...runner, process(30, 10, 'sh -c x')] },
      { processes: [...runner, process(30, 10, 'node x')] },
      { processes: [...runner, process(30, 10, 'node x', 5)] },
    ]),
  ).toEqual(['exec 30 sh -c x', 'exec 30 node x', 'exit 30', 'exec 30 node x'])
})

test('a process whose parent began later is nobody’s child', () => {
  expect(
    told([{ processes: [...runner, process(30, 10, 'sh', 9), process(31, 30, 'old', 2)] }]),
  ).toEqual(['exec 30 sh'])
})

/** Whether a teller takes the job for going on after these looks. */
function goesOn(...looks: ProcessRow[][]): boolean {
  const settings = { compiled: compile(policy), root: 10, self: 20, alone: false }
  const teller = new Teller({ ...settings, onEvent: (event) => Event.parse(event) })
  for (const processes of looks)
    teller.take({ time: 0, processes, connections: [], names: new Map() })
  return teller.jobGoesOn
}

test('the job is over when its worker is gone, or another process has its number', () => {
  const [first, , last] = runner
  if (first === undefined || last === undefined) throw new Error('the runner has three processes')
  expect(goesOn(runner, runner)).toBe(true)
  expect(goesOn(runner, [first, last])).toBe(false)
  expect(goesOn(runner, [first, process(10, 1, 'other', 7), last])).toBe(false)
})

test('a child that outlives its parent stays the job’s', () => {
  const step = process(30, 10, 'bash step.sh')
  const orphan = process(31, 30, 'beacon')
  expect(
    told([
      { processes: [...runner, step, orphan] },
      {
        processes: [...runner, { ...orphan, parentPid: 1 }],
        connections: [connection(31, '203.0.113.7', 443)],
      },
    ]),
  ).toEqual(['exec 30 bash step.sh', 'exec 31 beacon', 'exit 30', 'would-block 31 203.0.113.7:443'])
})

test('connections are told once while they last, under the verdict that a policy would have had', () => {
  const processes = [...runner, process(30, 10, 'npm ci')]
  const names = new Map([['203.0.113.20', ['other.example.org', 'registry.example.org']]])
  const connections = [
    connection(30, '203.0.113.20', 443),
    connection(30, '203.0.113.9', 22),
    connection(30, '203.0.113.66', 443),
    connection(10, '203.0.113.30', 443),
    connection(20, '203.0.113.31', 443),
  ]
  expect(
    told([
      { processes, connections, names },
      { processes, connections, names },
      { processes, names },
      { processes, connections: [connection(30, '203.0.113.20', 443)], names },
    ]),
  ).toEqual([
    'exec 30 npm ci',
    'allowed 30 registry.example.org:443',
    'allowed 30 203.0.113.9:22',
    'would-block 30 203.0.113.66:443',
    'allowed 30 registry.example.org:443',
  ])
})

test('a connection that processes share is told once', () => {
  const processes = [...runner, process(30, 10, 'bash'), process(31, 30, 'sleep 9')]
  const connections = [connection(30, '203.0.113.9', 22), connection(31, '203.0.113.9', 22)]
  expect(
    told([
      { processes, connections },
      { processes, connections },
    ]),
  ).toEqual(['exec 30 bash', 'exec 31 sleep 9', 'allowed 30 203.0.113.9:22'])
})

test('of processes outside of the runner’s tree, those that came later count where the machine is the job’s alone', () => {
  const looks = [
    { processes: runner, connections: [connection(1, '203.0.113.7', 443)] },
    {
      processes: [...runner, process(40, 1, 'detached', 3), process(41, 20, 'lsof', 3)],
      connections: [
        connection(40, '203.0.113.7', 443),
        connection(41, '203.0.113.7', 443),
        connection(1, '203.0.113.8', 443),
      ],
    },
  ]
  expect(told(looks, true)).toEqual(['exec 40 detached', 'would-block 40 203.0.113.7:443'])
  expect(told(looks, false)).toEqual([])
})
