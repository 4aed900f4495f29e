/**
 * What a policy's size costs: the time to put it in force, the memory of its maps, and one decision,
 * beside an nft set and an iptables chain of the same addresses. Run: node bench/policy-size.ts [rounds]
 *
 * A decision is measured on what nobody allows, since that is looked up everywhere: a datagram to an
 * address between those of the policy, which each of the three refuses with EPERM.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCgroup2, readMounts } from '../packages/agent/src/mounts.ts'
import { openEnforcer } from '../packages/agent/src/enforce/enforcer.ts'
import { openObject } from '../packages/libbpf/src/index.ts'
import { compile, parseAllowedEndpoints, policyOf } from '../packages/policy/src/index.ts'
import { median } from './contest.ts'

const SIZES = [10, 1000, 100_000, 1_000_000]
/** A chain is walked rule by rule: beyond this, one send takes milliseconds. */
const CHAIN_MOST = 10_000
const SENDS = 100_000

const rounds = Number(process.argv[2] ?? 5)
const place = mkdtempSync(join(tmpdir(), 'runwarden-policy-size-'))
const hierarchy = findCgroup2(readMounts())
if (hierarchy === undefined) throw new Error('cgroup v2 is mounted nowhere')
const storm = join(place, 'send')
execFileSync('gcc', ['-O2', '-o', storm, join(import.meta.dirname, 'storms/send.c')])
const objects = join(import.meta.dirname, '../bpf/build', process.arch, 'enforce.bpf.o')

/** Every third address from 198.18.0.0 on; storms/send.c sends to those between. */
const addresses = (size: number): string[] =>
  Array.from({ length: size }, (_, i) => {
    const n = 0xc6120000 + i * 3
    return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.')
  })

/** Nanoseconds a send, in a network namespace of its own that `prepare` (a shell script) has set up. */
function nsPerSend(
  size: number,
  prepare: string,
  command: readonly string[],
  sends = SENDS,
): number {
  const result = join(place, 'result')
  const setUp = `ip link set lo up && ip route add local default dev lo && ${prepare} && exec "$@"`
  const { status, stderr } = spawnSync(
    'unshare',
    ['-n', 'sh', '-c', setUp, 'sh', ...command, storm, String(sends), String(size)],
    { env: { ...process.env, RESULT: result }, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`the storm ended with ${status}: ${stderr}`)
  return (Number(readFileSync(result, 'utf8')) * 1e9) / sends
}

const seconds = (since: number): number => (performance.now() - since) / 1000

interface Row {
  size: number
  contender: string
  load: number
  memory: number | null
  ns: number[]
}
const rows: Row[] = []
const rowOf = (size: number, contender: string): Row => {
  const found = rows.find((row) => row.size === size && row.contender === contender)
  if (found !== undefined) return found
  const made: Row = { size, contender, load: 0, memory: null, ns: [] }
  rows.push(made)
  return made
}

function mapBytes(): number {
  const shown = execFileSync('bpftool', ['map', 'show', '-j'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const maps = JSON.parse(shown) as { name?: string; bytes_memlock?: number }[]
  return maps
    .filter(({ name }) => /^(grant|blocked)/.test(name ?? ''))
    .reduce((sum, { bytes_memlock = 0 }) => sum + bytes_memlock, 0)
}

using rings = openObject(objects)
rings.load()
const reuse = { urgent: rings.map('urgent'), bulk: rings.map('bulk'), lost: rings.map('lost') }

for (const size of SIZES) {
  const text = addresses(size)
    .map((address) => `udp://${address}:443`)
    .join('\n')
  const cgroup = mkdtempSync(join(hierarchy, 'runwarden-size-'))
  const mapsBefore = mapBytes()
  const since = performance.now()
  const compiled = compile(policyOf(parseAllowedEndpoints(text, 'bench'), { egress: 'block' }))
  const enforcer = openEnforcer({
    scopeCgroup: cgroup,
    reuse,
    compiled,
    proxy: { port4: null, port6: null },
  })
  const own = rowOf(size, 'runwarden')
  own.load = seconds(since)
  own.memory = mapBytes() - mapsBefore

  const setFile = join(place, 'set.nft')
  writeFileSync(
    setFile,
    `table inet t {\n set allowed { type ipv4_addr; elements = { ${addresses(size).join(', ')} } }\n chain out { type filter hook output priority 0; policy drop; ip daddr @allowed udp dport 443 accept; }\n}\n`,
  )
  const chainFile = join(place, 'chain.ipt')
  writeFileSync(
    chainFile,
    `*filter\n:OUTPUT DROP [0:0]\n${addresses(Math.min(size, CHAIN_MOST))
      .map((address) => `-A OUTPUT -d ${address} -p udp --dport 443 -j ACCEPT`)
      .join('\n')}\nCOMMIT\n`,
  )
  const timed = (words: string): string => `{ date +%s.%N; ${words}; date +%s.%N; } > ${place}/load`
  const loadTime = (): number => {
    const [from = 0, to = 0] = readFileSync(join(place, 'load'), 'utf8')
      .trim()
      .split('\n')
      .map(Number)
    return to - from
  }
  try {
    for (let round = 0; round <= rounds; round++) {
      const inside = nsPerSend(size, 'true', [
        'sh',
        '-c',
        'echo $$ > "$0/cgroup.procs" && exec "$@"',
        cgroup,
      ])
      const nft = nsPerSend(size, timed(`nft -f ${setFile}`), [])
      const nftLoad = loadTime()
      const chained = size <= CHAIN_MOST
      const chain = chained
        ? nsPerSend(size, timed(`iptables-restore ${chainFile}`), [], SENDS / 10)
        : Number.NaN
      if (round === 0) continue
      own.ns.push(inside)
      rowOf(size, 'nft set').ns.push(nft)
      rowOf(size, 'nft set').load = nftLoad
      if (!chained) continue
      rowOf(size, 'iptables chain').ns.push(chain)
      rowOf(size, 'iptables chain').load = loadTime()
    }
  } finally {
    enforcer.close()
    rmdirSync(cgroup)
  }
}
rmSync(place, { recursive: true })

const lines = [
  'entries    under            a decision   ratio to 10 entries   load      kernel memory',
]
for (const { size, contender, load, memory, ns } of rows) {
  // The whole call: a refusal is cheaper than a send, so there is nothing to take off.
  const whole = median(ns)
  const first = median(rowOf(10, contender).ns)
  lines.push(
    [
      size.toLocaleString('en').padEnd(10),
      contender.padEnd(16),
      `${whole.toFixed(0)} ns`.padStart(10),
      `${(whole / first).toFixed(2)}×`.padStart(12),
      `${load.toFixed(2)} s`.padStart(17),
      memory === null ? '' : `${(memory / 2 ** 20).toFixed(1)} MiB`.padStart(13),
    ].join(' '),
  )
}
console.log(lines.join('\n'))
