/**
 * The benchmarks, one after the other, or those that are named. With --write each puts what it printed into its own section of
 * docs/benchmarks.md.
 *
 *   node bench/main.ts [PART …] [--rounds N] [--write]
 */
import { spawnSync } from 'node:child_process'
import { arch, cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeSection } from './section.ts'

interface Part {
  title: string
  /** What it prints is Markdown, and no table of plain text. */
  markdown?: true
  /** Flags that node runs it with. */
  flags?: readonly string[]
}

/** Those that the agent runs with (packages/cli/bin/start.bash). */
const agentFlags = ['--max-semi-space-size=2', '--v8-pool-size=1']

/** By the name of their program, which takes the number of rounds. */
const parts: Readonly<Record<string, Part>> = {
  storms: {
    title: 'Storms, builds and jobs, beside bpftrace and auditd:',
    markdown: true,
  },
  dns: { title: 'Names, beside dnsmasq forwarding to the same server:' },
  throughput: { title: 'Throughput under a policy in block mode:' },
  https: {
    title:
      'HTTPS requests of a node client, four at a time, beside bpftrace with the same two probes, and mitmproxy:',
  },
  'policy-size': {
    title: 'Size of the policy, beside an nft set and an iptables chain of the same addresses:',
  },
  detection: {
    title: "From the kernel's time stamp of an act to its detection in `events.ndjson`:",
  },
  reload: {
    title: 'A reload of a policy, with the garbage collector as the agent has it:',
    flags: agentFlags,
  },
  action: { title: 'The stages of the action, in a job under the runner simulator:' },
  rules: { title: 'Rules of detections, on one core:' },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, write: { type: 'boolean' } },
})
const unknown = positionals.find((name) => !(name in parts))
if (unknown !== undefined) {
  console.error(`bench: there is no '${unknown}'; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}

const machine = `Linux ${release()}, ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}`

for (const [name, { title, markdown, flags }] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const load = loadavg()[0]?.toFixed(1)
  console.log(title)
  const { stdout, status } = spawnSync(
    process.execPath,
    [...(flags ?? []), join(import.meta.dirname, `${name}.ts`), values.rounds],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  )
  console.log(stdout)
  if (status !== 0) {
    // What lost events is printed, and written nowhere as if it had not.
    console.error(`bench: ${name} ended with ${status}`)
    process.exitCode = 1
    if (markdown === undefined) continue
  }
  if (values.write !== true) continue
  // Lines of JSON are for programs.
  const text = stdout.replaceAll(/^\{.*$\n?/gm, '').trim()
  writeSection(`npm run bench -- ${name} --write`, `end of ${name}`, [
    title,
    '',
    `Measured on ${machine}, load ${load} before; at least ${values.rounds} interleaved rounds, medians.`,
    '',
    ...(markdown === true ? [text] : ['```text', text, '```']),
  ])
}
