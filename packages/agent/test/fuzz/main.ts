import { keep } from './corpus.ts'
import { Failed, fuzz } from './fuzz.ts'
import { targets } from './targets/index.ts'

const usage = `usage: npm run fuzz -- TARGET SECONDS [SEED]
targets: ${targets.map(({ name }) => name).join(', ')}`

/** Kept of one run at most: each is run by every test. */
const MOST_KEPT = 40

const [name, seconds, seed] = process.argv.slice(2)
const target = targets.find((one) => one.name === name)
const time = Number(seconds)
if (target === undefined || !(time > 0)) {
  console.error(usage)
  process.exit(2)
}
const from = seed === undefined ? Date.now() % 2 ** 32 : Number(seed)
const end = performance.now() + time * 1000
try {
  const { runs, found, slowest } = await fuzz(target, from, () => performance.now() < end)
  const short = [...found.values()].toSorted((a, b) => a.length - b.length).slice(0, MOST_KEPT)
  for (const input of short) keep(target.name, input, 'new')
  console.log(
    `${target.name}: ${runs} runs from seed ${from}, ${found.size} new answers, ${short.length} inputs kept; the slowest took ${slowest.ms.toFixed(1)} ms (${slowest.input.length} bytes)`,
  )
} catch (error) {
  if (!(error instanceof Failed)) throw error
  console.error(error.message)
  console.error(`kept: ${keep(target.name, error.input, 'failed')}; seed ${from}`)
  process.exit(1)
}
