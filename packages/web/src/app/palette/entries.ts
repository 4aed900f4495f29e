import { pages } from '../pages/index.ts'
import { guess, kinds } from '../pages/search/kinds.ts'
import { paths } from '../paths.ts'
import type { Me } from '../session/session.ts'

/** Somewhere to go. */
export interface Entry {
  /** What kind of place it is, in a word. */
  kind: 'page' | 'organisation' | 'server' | 'repository' | 'run' | 'job' | 'search'
  label: string
  to: string
}

/** Pages that stand in no navigation, and are gone to often enough. */
const further = (org: string): readonly [label: string, to: string][] => [
  ['New policy', paths.newPolicy(org)],
  ['Suppressions', paths.suppressions(org)],
  ['Compare', paths.compare(org)],
  ['API keys', paths.keys(org)],
  ['Members', paths.members(org)],
  ['Retention', paths.retention(org)],
  ['Sessions', paths.sessions(org)],
  ['Audit log', paths.audit(org)],
]

/** Places that are known without asking anybody. @param org undefined: one is in none */
export function knownPlaces(org: string | undefined, me: Me): Entry[] {
  const own = org === undefined ? [] : pagesOf(org)
  const others = me.organisations
    .filter(({ name }) => name !== org)
    .map(({ name }): Entry => ({ kind: 'organisation', label: name, to: paths.overview(name) }))
  const server = pages.flatMap(({ serverNavigation: place }): Entry[] =>
    place === undefined || !me.operator
      ? []
      : [{ kind: 'server', label: `${place.label} of the server`, to: place.to() }],
  )
  return [...own, ...others, ...server]
}

function pagesOf(org: string): Entry[] {
  const listed = pages
    .flatMap(({ navigation }) => (navigation === undefined ? [] : [navigation]))
    .toSorted((a, b) => a.order - b.order)
    .map(({ label, to }): [string, string] => [label, to(org)])
  return [...listed, ...further(org)].map(([label, to]) => ({ kind: 'page', label, to }))
}

/** Those whose names have all the words, first those that begin with them. */
export function matching(entries: readonly Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const begins = ({ label }: Entry): boolean => label.toLowerCase().startsWith(words[0] ?? '')
  return entries
    .filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
    .toSorted((a, b) => Number(begins(b)) - Number(begins(a)))
}

/** What a text can mean beside the name of a place: a job's id, something to look for across jobs. */
export function readings(org: string, text: string): Entry[] {
  if (text === '') return []
  const kind = guess(text) ?? 'host'
  return [
    ...(isJobId(text)
      ? [{ kind: 'job' as const, label: text, to: paths.looseJob(org, text.toLowerCase()) }]
      : []),
    {
      kind: 'search',
      label: `Jobs that had to do with ${kinds[kind].label.toLowerCase()} ${text}`,
      to: paths.search(org, { [kind]: text }),
    },
  ]
}

/** As the server makes them: a time, then chance, in base 32. */
const isJobId = (text: string): boolean => /^0[\da-hjkmnp-tv-z]{19,25}$/i.test(text)
/** GitHub's number of a run. */
export const isRunId = (text: string): boolean => /^\d{3,20}$/.test(text)
