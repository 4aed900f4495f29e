import { readFileSync, writeFileSync } from 'node:fs'
import type { Result } from './contest.ts'
import type { Memory } from './memory.ts'

export interface Measured {
  results: readonly Result[]
  armedMs: number
  /** The agent's, after each round of all storms. */
  memory: readonly Memory[]
  /** Typed records a second of one core. */
  rate: number
  /** What bench/dns.ts prints for people. */
  dns: string
  /** What bench/throughput.ts, bench/https.ts and bench/policy-size.ts print. */
  throughput: string
  https: string
  policySize: string
  /** What bench/detection.ts prints. */
  detection: string
  /** What bench/action.ts prints. */
  action: string
  /** Where events were lost, and how many. */
  lost: readonly string[]
  rounds: number
  machine: string
}

const file = new URL('../docs/benchmarks.md', import.meta.url)
const begin = '<!-- made by npm run bench -- --write -->'
const end = '<!-- end -->'

/** Puts the measured table into docs/benchmarks.md, between its two marks. */
export function writeTable({
  results,
  armedMs,
  memory,
  rate,
  dns,
  throughput,
  https,
  policySize,
  detection,
  action,
  lost,
  rounds,
  machine,
}: Measured): void {
  const rows = results.map(
    ({ workload, contender, seconds, ratio, target }) =>
      `| ${workload} | ${contender} | ${seconds.toFixed(3)} s | ${ratio.toFixed(3)} | ${target === null ? '' : `≤ ${target.toFixed(2)}`} |`,
  )
  const text = [
    begin,
    '',
    `Measured on ${machine}; medians of ${rounds} interleaved rounds.`,
    '',
    '| workload | under | time | ratio to bare | target |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    lost.length === 0
      ? 'No events were lost in any of these runs.'
      : `**Events were lost, of all rounds together**: ${lost.join('; ')}.`,
    '',
    `From the start of \`runwarden run\` to the command's exec, armed: ${armedMs.toFixed(0)} ms (target ≤ 1,000 ms).`,
    '',
    `Ring to typed records, one core: ${Math.round(rate).toLocaleString('en')} a second (target ≥ 500,000).`,
    '',
    '| agent after | resident | proportional (Pss) |',
    '| --- | --- | --- |',
    ...memory.map(
      ({ resident, proportional }, round) =>
        `| ${round + 1} × all storms | ${resident.toFixed(0)} MiB | ${proportional.toFixed(0)} MiB |`,
    ),
    '',
    'Names, beside dnsmasq forwarding to the same server:',
    '',
    '```text',
    dns,
    '```',
    '',
    'Throughput under a policy in block mode:',
    '',
    '```text',
    throughput,
    '```',
    '',
    'HTTPS requests of a node client, four at a time, beside bpftrace with the same two probes, and mitmproxy:',
    '',
    '```text',
    https,
    '```',
    '',
    'Size of the policy, beside an nft set and an iptables chain of the same addresses:',
    '',
    '```text',
    policySize,
    '```',
    '',
    "From the kernel's time stamp of an act to its detection in `events.ndjson`:",
    '',
    '```text',
    detection,
    '```',
    '',
    'The stages of the action, in a job under the runner simulator:',
    '',
    '```text',
    action,
    '```',
    '',
    end,
  ].join('\n')
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file.pathname} lacks the marks ${begin} and ${end}`)
  writeFileSync(file, page.slice(0, from) + text + page.slice(to + end.length))
}
