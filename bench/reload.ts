/**
 * What a reload takes, from the signal's receipt to the policy in force and written down by the guard: reading, compiling,
 * the DNS proxy, the kernel's maps (those of the policy before the last are cleared, too), and the flows that live on.
 * Run, with the flags that the agent has: node --max-semi-space-size=2 --v8-pool-size=1 bench/reload.ts [rounds]
 *
 * Policies are half names, half addresses, and change in every line's number from one reload to the next.
 */
import { setTimeout } from 'node:timers/promises'
import {
  compile,
  parseAllowedEndpoints,
  type Policy,
  policyOf,
} from '../packages/policy/src/index.ts'
import { parsePolicy } from '../packages/policy/src/document.ts'
import { ServiceRig } from '../packages/agent/test/service/rig.ts'
import { median } from './contest.ts'

const SIZES = [10, 100, 1000, 10_000]
const FLOWS = [0, 10_000]
const rounds = Number(process.argv[2] ?? 5)

function endpoints(size: number, round: number): string[] {
  const lines = Array.from({ length: size }, (_, i) =>
    i % 2 === 0
      ? `host-${i}.example.com:443`
      : `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}:443`,
  )
  return [...lines.slice(round % 2), '198.51.100.1:8080']
}

/** What a policy can be written as. */
const forms: Record<string, (lines: readonly string[]) => () => Policy> = {
  'allow-list': (lines) => {
    const text = lines.join('\n')
    return () => policyOf(parseAllowedEndpoints(text, '--allow'), { egress: 'block' })
  },
  'YAML document': (lines) => {
    const text = `version: 1\negress: block\nallow:\n- ${lines.join('\n- ')}`
    return () => parsePolicy(text, 'policy.yml')
  },
}

console.log(
  '| endpoints | as | live flows | ms (median) | slowest | processor ms |\n| --- | --- | --- | --- | --- | --- |',
)
for (const flows of FLOWS) {
  await using rig = new ServiceRig()
  let read = forms['allow-list']!(endpoints(10, 0))
  rig.policy = () => compile(read())
  await rig.govern()
  await rig.start('serve', '8080')
  const kept = flows > 0 ? await rig.start('keep', '198.51.100.1', '8080', `${flows}`) : undefined
  // After its first seconds the agent saves memory, for which a reload pays.
  await setTimeout(6000)
  for (const [form, write] of Object.entries(forms)) {
    for (const size of SIZES) {
      const times: number[] = []
      const processor: number[] = []
      for (let round = 0; round < rounds; round++) {
        read = write(endpoints(size, round))
        const before = process.cpuUsage()
        const since = performance.now()
        if (!(await rig.service.reload())) throw new Error(rig.said.at(-1))
        times.push(performance.now() - since)
        const { user, system } = process.cpuUsage(before)
        processor.push((user + system) / 1000)
      }
      const shown = [median(times), Math.max(...times), median(processor)]
      console.log(
        `| ${size} | ${form} | ${flows} | ${shown.map((ms) => ms.toFixed(0)).join(' | ')} |`,
      )
    }
  }
  const said = new Promise<string>((resolve) =>
    kept?.stdout?.once('data', (data) => resolve(`${data}`)),
  )
  kept?.stdin?.end()
  if (kept !== undefined) console.log(`connections: ${(await said).trim()}`)
}
