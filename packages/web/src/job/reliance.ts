import type { JobFacts } from './source.ts'

/**
 * How far what is told of a job can be relied on, in a few words, and as what they are shown: `bare` it was not protected, `gaps`
 * something is missing, else by its mode.
 */
export function reliance(facts: JobFacts): {
  state: 'bare' | 'gaps' | 'audit' | 'block'
  words: string
} {
  const { protection, armed, egress, state, eventsLost } = facts
  if (protection === 'not-run') return { state: 'bare', words: 'Not run' }
  if (protection === 'unprotected' || (armed === false && state !== 'running'))
    return { state: 'bare', words: 'Not protected' }
  if (state === 'silent') return { state: 'bare', words: 'Not heard any more' }
  if (state === 'lost') return { state: 'bare', words: 'Ended without its agent' }
  if (armed !== true) return { state: 'gaps', words: 'Not armed yet' }
  const block = egress === 'block'
  if (Object.values(eventsLost).some((count) => count > 0))
    return {
      state: 'gaps',
      words: block ? 'Enforced with gaps in the record' : 'Observed with gaps',
    }
  return block ? { state: 'block', words: 'Protected' } : { state: 'audit', words: 'Observed' }
}
