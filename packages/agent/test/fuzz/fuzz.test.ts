import { expect, test } from 'vitest'
import { kept } from './corpus.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets/index.ts'
import { rules } from './targets/rules.ts'

test.each(targets)('$name: what is kept, and 2,000 mutations of it', async (target) => {
  const first = kept(target.name).length
  const { runs } = await fuzz(target, 0xf022, (done) => done < first + 2_000)
  expect(runs).toBeGreaterThanOrEqual(2_000)
})

test('mutations of rules begin with files that are taken, suppressions among them', async () => {
  const answers = (await rules.seeds()).map((seed) => rules.run(seed))
  expect(answers.filter((answer) => !answer.startsWith('valid '))).toEqual([])
  expect(answers.at(-1)).toBe('valid 0 1 2 0 false')
})
