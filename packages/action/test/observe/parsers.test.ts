import { expect, test } from 'vitest'
import { parseLsof, parsePs } from '../../src/observe/macos.ts'
import { parseWindows } from '../../src/observe/windows.ts'

/** As lsof of macOS writes its fields, with more of them than are asked for. */
const lsof = `p455
crapportd
R1
u501
f10
tIPv4
PTCP
n*:49159
TST=LISTEN
TQR=0
TQS=0
p1190
cGoogle Chrome Helper
u501
f29
au
l 
tIPv4
PTCP
n192.0.2.4:61472->203.0.113.145:443
TST=ESTABLISHED
f30
tIPv6
PTCP
n[2001:db8::4]:61480->[2001:db8:66::67]:8443
TST=SYN_SENT
f31
tIPv6
PTCP
n[::ffff:192.0.2.4]:61481->[::ffff:203.0.113.9]:22
TST=CLOSE_WAIT
f32
PTCP
n127.0.0.1:45000->127.0.0.1:43101
TST=ESTABLISHED
f33
PTCP
n[fe80::1%lo0]:5000->[fe80::1%lo0]:61500
TST=ESTABLISHED
`

test('lsof’s fields give the connections that may leave the machine', () => {
  expect(parseLsof(lsof)).toEqual([
    {
      pid: 1190,
      localAddress: '192.0.2.4',
      localPort: 61_472,
      address: '203.0.113.145',
      port: 443,
    },
    {
      pid: 1190,
      localAddress: '2001:db8::4',
      localPort: 61_480,
      address: '2001:db8:66::67',
      port: 8443,
    },
    { pid: 1190, localAddress: '192.0.2.4', localPort: 61_481, address: '203.0.113.9', port: 22 },
    { pid: 1190, localAddress: 'fe80::1', localPort: 5000, address: 'fe80::1', port: 61_500 },
  ])
})

test.each([
  '',
  '\n',
  'p\nn',
  'n->',
  'pabc\nn203.0.113.1:1->203.0.113.2:443',
  'p1\nnhost:http->other:https',
])('lsof: %j is no connection', (text) => {
  expect(parseLsof(text)).toEqual([])
})

test('ps’s two tables give processes with the paths of their programs, blanks included', () => {
  const rows = `    1     0     0 Sun Sep 20 16:06:03 2026     /sbin/launchd
  734     1   501 Sun Sep 20 16:07:44 2026     /Users/runner/runners/2.328.0/bin/Runner.Worker spawnclient 105 108
  812   734   501 Wed Oct  7 06:01:09 2026     /Applications/Some Tool.app/Contents/MacOS/Some Tool --flag a b
  813   812   501 Wed Oct  7 06:01:09 2026     (bash)
bad line
`
  const programs = `    1 /sbin/launchd
  734 /Users/runner/runners/2.328.0/bin/Runner.Worker
  812 /Applications/Some Tool.app/Contents/MacOS/Some Tool
`
  const processes = parsePs(rows, programs)
  expect(
    processes.map(({ pid, parentPid, uid, exe, argv }) => [pid, parentPid, uid, exe, argv]),
  ).toEqual([
    [1, 0, 0, '/sbin/launchd', ['/sbin/launchd']],
    [
      734,
      1,
      501,
      '/Users/runner/runners/2.328.0/bin/Runner.Worker',
      ['/Users/runner/runners/2.328.0/bin/Runner.Worker', 'spawnclient', '105', '108'],
    ],
    [
      812,
      734,
      501,
      '/Applications/Some Tool.app/Contents/MacOS/Some Tool',
      ['/Applications/Some Tool.app/Contents/MacOS/Some Tool', '--flag', 'a', 'b'],
    ],
    [813, 812, 501, '', ['(bash)']],
  ])
  expect(processes[2]?.startTime).toBe(Date.UTC(2026, 9, 7, 6, 1, 9))
})

const windows = {
  connections: [
    {
      LocalAddress: '192.0.2.4',
      LocalPort: 49_710,
      RemoteAddress: '203.0.113.145',
      RemotePort: 443,
      OwningProcess: 6120,
    },
    {
      LocalAddress: '::1',
      LocalPort: 49_711,
      RemoteAddress: '::1',
      RemotePort: 8080,
      OwningProcess: 6120,
    },
    {
      LocalAddress: 'fe80::8d4%7',
      LocalPort: 49_712,
      RemoteAddress: '2001:db8::9',
      RemotePort: 443,
      OwningProcess: 4,
    },
    {
      LocalAddress: '0.0.0.0',
      LocalPort: 49_713,
      RemoteAddress: '0.0.0.0',
      RemotePort: 0,
      OwningProcess: 4,
    },
    null,
  ],
  processes: [
    {
      ProcessId: 0,
      ParentProcessId: 0,
      ExecutablePath: null,
      Name: 'System Idle Process',
      CommandLine: null,
      Created: null,
    },
    {
      ProcessId: 4,
      ParentProcessId: 0,
      ExecutablePath: null,
      Name: 'System',
      CommandLine: null,
      Created: '2026-10-07T06:00:00.5000000Z',
    },
    {
      ProcessId: 6120,
      ParentProcessId: 4,
      ExecutablePath: 'C:\\Program Files\\nodejs\\node.exe',
      Name: 'node.exe',
      CommandLine: '"C:\\Program Files\\nodejs\\node.exe" install.js  --to="C:\\a b"',
      Created: '2026-10-07T06:01:09.1234567Z',
    },
  ],
  names: [
    { Entry: 'Registry.Example.org', Data: '203.0.113.145' },
    { Entry: 'registry.example.org', Data: '203.0.113.145' },
    { Entry: 'localhost', Data: '127.0.0.1' },
    { Entry: 'odd.example.org', Data: null },
  ],
}

test('a line of the PowerShell script gives processes, connections and names', () => {
  const look = parseWindows(`\uFEFF${JSON.stringify(windows)}`, 7)
  expect(look).toEqual({
    time: 7,
    connections: [
      {
        pid: 6120,
        localAddress: '192.0.2.4',
        localPort: 49_710,
        address: '203.0.113.145',
        port: 443,
      },
      { pid: 4, localAddress: 'fe80::8d4', localPort: 49_712, address: '2001:db8::9', port: 443 },
    ],
    processes: [
      {
        pid: 4,
        parentPid: 0,
        uid: -1,
        startTime: Date.UTC(2026, 9, 7, 6, 0, 0, 500),
        exe: 'System',
        argv: ['System'],
      },
      {
        pid: 6120,
        parentPid: 4,
        uid: -1,
        startTime: Date.UTC(2026, 9, 7, 6, 1, 9, 123),
        exe: 'C:\\Program Files\\nodejs\\node.exe',
        argv: ['C:\\Program Files\\nodejs\\node.exe', 'install.js', '--to=C:\\a b'],
      },
    ],
    names: new Map([['203.0.113.145', ['registry.example.org']]]),
  })
})

test.each([
  ['{"error":"Access denied"}', /Access denied/],
  ['At line:1 char:1', /no JSON/],
  ['[]', /no processes/],
  ['{"processes":{},"connections":[]}', /no processes/],
])('%s is no look at the machine', (line, message) => {
  expect(() => parseWindows(line, 0)).toThrow(message)
})
