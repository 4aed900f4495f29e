import type { Severity, Verdict } from '@runwarden/events'

/** In order of alarm. */
export const verdicts: readonly Verdict[] = ['attack-blocked', 'blocked', 'would-block', 'allowed']

/** Those of acts that the policy does not allow, in order of alarm. */
export const refusals = verdicts.filter((verdict) => verdict !== 'allowed')

/** The less, the sooner a person should look at it. */
export const alarmOf = (verdict: Verdict): number => verdicts.indexOf(verdict)

/** The gravest first. */
export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
