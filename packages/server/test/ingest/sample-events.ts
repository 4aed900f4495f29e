import type { Event } from '@runwarden/events'

const time = 1_795_000_000_000
export const execIdOf = (pid: number): string => `${pid}-${pid}000-abcdef01`

type Given<K extends Event['kind']> = Partial<Extract<Event, { kind: K }>>

const base = (seq: number, pid = 100) => ({
  seq,
  time: time + seq,
  scope: 'job',
  execId: execIdOf(pid),
  step: 'build',
})
const allowed = { verdict: 'allowed' as const, reason: 'audit', rule: null }

/** Events as agents make them; what a test is about is given. */
export const exec = (seq: number, pid: number, given: Given<'process.exec'> = {}): Event => ({
  ...base(seq, pid),
  kind: 'process.exec',
  pid,
  parentExecId: pid === 100 ? null : execIdOf(100),
  parentPid: 100,
  uid: 1001,
  exe: '/usr/bin/node',
  argv: ['node', 'build.js'],
  argvTruncated: false,
  cwd: '/w',
  inode: '1',
  device: '8:1',
  memfd: false,
  deleted: false,
  ...given,
})
export const program = (seq: number, pid: number, given: Given<'process.program'> = {}): Event => ({
  ...base(seq, pid),
  kind: 'process.program',
  path: '/usr/bin/node',
  device: '8:1',
  inode: '1',
  size: 5,
  sha256: 'd'.repeat(64),
  unread: '',
  ...given,
})
export const exit = (seq: number, pid: number): Event => ({
  ...base(seq, pid),
  kind: 'process.exit',
  pid,
  code: 0,
  signal: null,
})
export const connect = (seq: number, given: Given<'net.connect'> = {}): Event => ({
  ...base(seq),
  ...allowed,
  kind: 'net.connect',
  host: 'registry.example.org',
  address: '192.0.2.7',
  port: 443,
  protocol: 'tcp',
  via: 'connect',
  count: 1,
  ...given,
})
export const flow = (seq: number, given: Given<'net.flow'> = {}): Event => ({
  ...base(seq),
  ...allowed,
  kind: 'net.flow',
  host: 'registry.example.org',
  address: '192.0.2.7',
  port: 443,
  protocol: 'tcp',
  bytesOut: 1000,
  packetsOut: 3,
  ...given,
})
export const query = (seq: number, given: Given<'dns.query'> = {}): Event => ({
  ...base(seq),
  ...allowed,
  kind: 'dns.query',
  name: 'registry.example.org',
  type: 'A',
  server: '192.0.2.53',
  serverPort: 53,
  protocol: 'udp',
  rcode: 'NOERROR',
  addresses: ['192.0.2.7'],
  cnames: [],
  ...given,
})
export const request = (seq: number, given: Given<'http.request'> = {}): Event => ({
  ...base(seq),
  ...allowed,
  kind: 'http.request',
  method: 'GET',
  scheme: 'https',
  host: 'api.example.org',
  path: '/repos/acme/app',
  version: '1.1',
  library: 'node',
  authorization: null,
  truth: 'user',
  ...given,
})
export const response = (seq: number, of: number, status = 200): Event => ({
  ...base(seq),
  kind: 'http.response',
  request: of,
  status,
  requestBytes: 10,
  responseBytes: 200,
  mutations: null,
})
export const write = (seq: number, path: string, given: Given<'file.write'> = {}): Event => ({
  ...base(seq),
  kind: 'file.write',
  path,
  truth: 'kernel',
  workspace: true,
  sensitive: null,
  errno: 0,
  ...given,
})
export const changed = (seq: number, path: string, given: Given<'file.changed'> = {}): Event => ({
  ...base(seq),
  kind: 'file.changed',
  path,
  truth: 'kernel',
  state: 'changed',
  ways: ['write'],
  acts: 1,
  evidence: [1],
  writer: null,
  relation: 'before-run',
  content: { before: 'a'.repeat(64), after: 'b'.repeat(64), unread: '' },
  dependency: null,
  programs: [],
  alongside: [],
  readers: [],
  ...given,
})
export const detection = (seq: number, given: Given<'detection'> = {}): Event => ({
  ...base(seq),
  kind: 'detection',
  id: 'domain-blocked',
  severity: 'medium',
  title: 'A domain was blocked',
  text: 'Look at it.',
  evidence: [1],
  ...given,
})
