/**
 * What a reload takes, from the signal's receipt to the policy in force: reading, compiling, the DNS proxy, the kernel's
 * maps, and the flows that live on. Run: node bench/reload.ts [rounds]
 *
 * Policies are half names, half addresses, and change in every line's number from one reload to the next.
 */
import { compile, parseAllowedEndpoints, policyOf } from '../packages/policy/src/index.ts'
import { ServiceRig } from '../packages/agent/test/service/rig.ts'
import { median } from './contest.ts'

const SIZES = [10, 100, 1000, 10_000]
const FLOWS = [0, 10_000]
const rounds = Number(process.argv[2] ?? 5)

function text(size: number, round: number): string {
  const lines = Array.from({ length: size }, (_, i) =>
    i % 2 === 0
      ? `host-${i}.example.com:443`
      : `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}:443`,
  )
  return [...lines.slice(round % 2), '198.51.100.1:8080'].join('\n')
}

console.log('| endpoints | live flows | ms (median) | slowest |\n| --- | --- | --- | --- |')
for (const flows of FLOWS) {
  await using rig = new ServiceRig()
  let round = 0
  let size = 10
  rig.policy = () =>
    compile(policyOf(parseAllowedEndpoints(text(size, round), '--allow'), { egress: 'block' }))
  await rig.govern()
  await rig.start('serve', '8080')
  const kept = flows > 0 ? await rig.start('keep', '198.51.100.1', '8080', `${flows}`) : undefined
  for (size of SIZES) {
    const times: number[] = []
    for (let left = rounds; left > 0; left--) {
      round++
      const since = performance.now()
      if (!(await rig.service.reload())) throw new Error(rig.said.at(-1))
      times.push(performance.now() - since)
    }
    const shown = [median(times), Math.max(...times)].map((ms) => ms.toFixed(0))
    console.log(`| ${size} | ${flows} | ${shown.join(' | ')} |`)
  }
  const said = new Promise<string>((resolve) =>
    kept?.stdout?.once('data', (data) => resolve(`${data}`)),
  )
  kept?.stdin?.end()
  if (kept !== undefined) console.log(`connections: ${(await said).trim()}`)
}
