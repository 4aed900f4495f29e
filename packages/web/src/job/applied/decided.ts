import type { Verdict } from '@runwarden/events'
import type { Rows } from '../rows.ts'

/** A line of a policy that decided about something in the job. */
export interface Decided {
  /** As verdicts name it: `policy.yml:4 registry.example.org:443`; null: no line did. */
  rule: string | null
  /** `registry.example.org:443` */
  text: string
  /** `policy.yml:4` */
  place: string
  /** From whom it is, in words. */
  from: string
  verdicts: readonly Verdict[]
  destinations: number
  attempts: number
}

/** The lines that decided, those of the most attempts first; what no line decided about last. */
export function decidedLines(rows: readonly Rows['destinations'][]): Decided[] {
  const found = new Map<string | null, Rows['destinations'][]>()
  for (const row of rows) {
    const known = found.get(row.rule)
    if (known === undefined) found.set(row.rule, [row])
    else known.push(row)
  }
  return [...found]
    .map(([rule, all]) =>
      Object.assign(partsOf(rule), {
        rule,
        verdicts: [...new Set(all.map(({ verdict }) => verdict))],
        destinations: all.length,
        attempts: all.reduce((sum, { count }) => sum + count, 0),
      }),
    )
    .toSorted(
      (a, b) => Number(a.rule === null) - Number(b.rule === null) || b.attempts - a.attempts,
    )
}

function partsOf(rule: string | null): Pick<Decided, 'text' | 'place' | 'from'> {
  if (rule === null) return { text: '', place: '', from: 'no line of the policy' }
  const [, place, text] = /^(.*?:\d+(?::\d+)?) (.*)$/s.exec(rule) ?? []
  if (place === undefined || text === undefined) {
    const at = rule.lastIndexOf(' ')
    return {
      text: rule.slice(at + 1),
      place: rule.slice(0, Math.max(0, at)),
      from: 'the block list',
    }
  }
  return { text, place, from: whoOf(place, /\(([\w-]+)\)$/.exec(text)?.[1]) }
}

/** Whose line it is, by what the file is called in verdicts. */
function whoOf(place: string, preset: string | undefined): string {
  if (preset !== undefined) return `the preset ${preset}`
  if (place.startsWith('allowed-endpoints:')) return 'the job’s input allowed-endpoints'
  if (place.startsWith('job policy:')) return 'the job’s policy, put together from its sources'
  if (place.startsWith('--')) return `the option ${place.replace(/[ :].*$/s, '')}`
  return 'a policy file'
}
