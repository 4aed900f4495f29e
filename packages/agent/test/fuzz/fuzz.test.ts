import { expect, test } from 'vitest'
import { kept } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets/index.ts'

test.each(targets)('$name: what is kept, and 2,000 mutations of it', async (target) => {
  const first = kept(target.name).length
  const { runs } = await fuzz(target, 0xf022, (done) => done < first + 2_000)
  expect(runs).toBeGreaterThanOrEqual(2_000)
})
