import type { Event } from '@runwarden/events'
import { Engine } from '@runwarden/rules'
import { readBuiltinRules, readRules } from '@runwarden/rules/files'
import { median } from './contest.ts'

const rulesWanted = 100
const eventsPerRound = 200_000

/** Rules of a user, over those that are built in: of each kind of condition that those have. */
function manyRules() {
  const base = readBuiltinRules()
  const count = Math.max(0, rulesWanted - base.rules.length)
  const rules = Array.from({ length: count }, (_, i) => {
    const [on, when] = [
      ['file.write', `event.sensitive == 'ssh-key' && glob(event.path, '**/x${i}/*')`],
      ['net.connect', `event.port == ${i} && event.left && process.name == 'x${i}'`],
      ['process.exec', `event.name == 'tool-${i}' && event.argv.exists(a, a == '--x')`],
      ['file.read', `event.sensitive == 'kube-credential' && process.name != 'kubectl'`],
      ['dns.query', `event.name.endsWith('.x${i}.example.org')`],
    ][i % 5] as [string, string]
    return `  - { rule: more-${i}, severity: low, on: [${on}], when: "${when.replaceAll('"', '\\"')}", title: t, explanation: e, advice: a }`
  })
  return readRules([{ file: 'bench', text: `version: 1\nrules:\n${rules.join('\n')}\n` }], base)
}

/** Events as a build has them: most are files of the workspace. */
function events(): Event[] {
  const base = { time: 0, scope: 'bench', execId: 'p', step: 'bench' }
  const file = { truth: 'kernel', workspace: true, sensitive: null, errno: 0 } as const
  const network = { verdict: 'allowed', reason: '', rule: null, host: 'a.example.org' } as const
  return Array.from({ length: eventsPerRound }, (_, seq): Event => {
    const head = { ...base, seq: seq + 1 }
    if (seq % 20 === 0) {
      const argv = ['cc', '-c', `f${seq}.c`]
      const exe = { exe: '/usr/bin/cc', argv, argvTruncated: false, cwd: '/w' }
      const image = { inode: '1', device: '8:1', memfd: false, deleted: false }
      const by = { pid: 1, parentExecId: null, parentPid: 0, uid: 0 }
      return { ...head, kind: 'process.exec', ...by, ...exe, ...image }
    }
    if (seq % 20 === 1) {
      const to = {
        address: '192.0.2.1',
        port: 443,
        protocol: 'tcp',
        via: 'connect',
        count: 1,
      } as const
      return { ...head, kind: 'net.connect', ...network, ...to }
    }
    const kind = seq % 3 === 0 ? 'file.create' : 'file.write'
    return { ...head, kind, path: `/w/src/f${seq % 5000}.o`, ...file }
  })
}

/** Events per second of one core that go through a hundred rules. */
function rulesRate(rounds: number): number {
  const facts = { execId: 'p', pid: 1, parentExecId: null, exe: '/usr/bin/cc', uid: 0 }
  const world = { process: () => facts, target: () => undefined }
  const all = events()
  const set = manyRules()
  const rates: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const engine = new Engine(set, { world })
    const since = process.cpuUsage()
    for (const event of all) engine.see(event, { writer: '', unseen: false, notable: '' })
    const { user, system } = process.cpuUsage(since)
    if (round > 0) rates.push((all.length * 1e6) / (user + system))
  }
  return median(rates)
}

const rate = rulesRate(Number(process.argv[2] ?? 3))
console.log(
  `rules: ${rulesWanted} over events of a build: ${Math.round(rate).toLocaleString('en')} events a second of one core (target ≥ 200,000)`,
)
