import { release } from 'node:os'
import type { Hook } from '@runwarden/events'
import { compile, policyOf } from '@runwarden/policy'
import { AgentError, messageOf } from './errors.ts'
import { EventStream } from './event-stream.ts'
import { githubFacts } from './https/github-facts.ts'
import { checkMachine, readMachine, type Check } from './preflight.ts'
import { sweep } from './run-sweep.ts'
import { Watch } from './watch/watch.ts'

/** What a machine can do. */
export interface Examination {
  kernel: string
  checks: Check[]
  hooks: Hook[]
  tier: 'T0' | 'T1' | 'T2' | 'none'
  /** A scope was armed here: a deny was seen enforced and its event delivered. */
  armed: boolean
  /** Why not; empty when it was. */
  armedReason: string
  advice: string
}

/** Looks at the machine, and arms an empty scope to see what it takes. Leaves nothing behind. */
export async function examine(): Promise<Examination> {
  const checks = checkMachine(readMachine())
  const found: Examination = {
    kernel: `Linux ${release()}`,
    checks,
    hooks: [],
    tier: 'none',
    armed: false,
    armedReason: '',
    advice: '',
  }
  const missing = checks.find(({ state }) => state === 'missing')
  if (missing !== undefined)
    return { ...found, armedReason: missing.detail, advice: missing.advice }
  for (const sentence of await sweep())
    checks.push({ name: 'earlier run', state: 'note', detail: sentence, advice: '' })
  try {
    const watch = await Watch.arm({
      compiled: compile(policyOf([])),
      workspace: '/',
      step: 'doctor',
      github: githubFacts({}),
      stream: new EventStream('doctor'),
      say: () => {},
    })
    const { tier } = await watch.finish()
    await watch.close()
    return { ...found, hooks: watch.hooks, tier, armed: true }
  } catch (error) {
    return {
      ...found,
      armedReason: messageOf(error),
      advice: error instanceof AgentError ? error.advice : '',
    }
  }
}
