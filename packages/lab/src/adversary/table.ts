import { type Attacker, attackersOf, type Case, expectedOf, type Open } from './case.ts'
import { rows } from './cases/index.ts'
import type { KernelName } from '../vm/index.ts'
import {
  type GuestResult,
  kernelsTried,
  measuredKernel,
  type Place,
  resultIn,
  tierIn,
} from './guest-results.ts'

export const marks = {
  begin: '<!-- adversary: written by scripts/test adversary --write -->',
  end: '<!-- adversary: end -->',
} as const

const words = {
  held: 'held',
  told: 'told',
  'not-held': '**not held**',
  unproven: 'unproven',
} as const

const who = ['user', 'root'] as const
const places = ['run', 'host'] as const

/**
 * The table of every technique, as Markdown. What it says of each was asserted by the suite's last run, and in guests
 * by the last one there.
 */
export function renderTable(): string {
  const cases = rows.flatMap((row) => row.cases.map((one) => ({ row: row.row, one })))
  const lines = cases.map(
    ({ row, one }) =>
      `| ${row} | ${one.technique.replaceAll('|', String.raw`\|`)} | ${cells(one).join(' | ')} | ${how(one)} |`,
  )
  return [
    marks.begin,
    `${cases.length} techniques.`,
    '',
    '| where | tier | as | tried | held | told | not held | unproven | not run |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...who.map(countHere),
    ...kernelsTried().flatMap((kernel) =>
      places.flatMap((place) => who.map((as) => countInGuest(kernel, place, as))),
    ),
    '',
    `“T0”: a scope of \`runwarden run\` on a kernel that refuses fentry and LSM programs. “T2”: the same in a virtual machine with kernel ${measuredKernel}, where LSM programs guard Runwarden. “host”: there, while the whole machine is the scope of \`runwarden agent\`: LSM programs guard nothing, since the agent is inside (tier T1); jobs keep \`CAP_NET_RAW\`, and what leaves by packet sockets and devices of their own is decided at the uplink. “–”: nobody tries it so. “cannot here”: that machine’s kernel or programs lack what it needs. “unproven”: without Runwarden nothing came of it there either, it did not end in time, or its legitimate twin did not arrive: nothing is claimed. “elsewhere”: the named test runs it.`,
    '',
    '| row | technique | T0, user | T0, root | T2, user | T2, root | host, user | host, root | how it is stopped; or that it is not, why, and what to do |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
    ...differences(),
    marks.end,
  ].join('\n')
}

/** Puts the table between the marks of a page. */
export function insertTable(page: string): string {
  const [from, to] = [page.indexOf(marks.begin), page.indexOf(marks.end)]
  if (from < 0 || to < 0)
    throw new Error(`the page lacks the marks ${marks.begin} and ${marks.end}`)
  return page.slice(0, from) + renderTable() + page.slice(to + marks.end.length)
}

function triedBy(as: Attacker): Case[] {
  return rows.flatMap(({ cases }) => cases).filter((one) => attackersOf(one).includes(as))
}

function count(where: string, as: Attacker, found: readonly (GuestResult | undefined)[]): string {
  const of = (result: GuestResult | undefined) => found.filter((one) => one === result).length
  const counts = (['held', 'told', 'not-held', 'unproven', undefined] as const).map(of)
  return `| ${where} | ${as} | ${found.length - of(undefined)} | ${counts.join(' | ')} |`
}

function countHere(as: Attacker): string {
  const found = triedBy(as).map((one) =>
    one.impossible === true ? undefined : expectedOf(one, as),
  )
  return count('`runwarden run`, 6.18 | T0', as, found)
}

function countInGuest(kernel: KernelName, place: Place, as: Attacker): string {
  const here = triedBy(as).filter(({ elsewhere }) => elsewhere === undefined)
  const found = here.map(({ id }) => resultIn(kernel, place, as, id))
  const where = place === 'run' ? '`runwarden run`' : 'the whole machine'
  return count(`${where}, ${kernel} | ${tierIn(kernel, place)}`, as, found)
}

/** What came out otherwise on the other kernels than on the one that has columns. */
function differences(): string[] {
  return kernelsTried()
    .filter((kernel) => kernel !== measuredKernel)
    .map((kernel) => {
      const other = places.flatMap((place) =>
        who.flatMap((as) =>
          triedBy(as).flatMap(({ id }) => {
            const [here, there] = [kernel, measuredKernel].map((of) => resultIn(of, place, as, id))
            if (here === undefined || there === undefined || here === there) return []
            return [`\`${id}\` (${place}, ${as}): ${words[here]}, not ${words[there]}`]
          }),
        ),
      )
      const said = other.length === 0 ? 'nothing' : other.join('; ')
      return `\nOtherwise on ${kernel} than on ${measuredKernel}: ${said}.`
    })
}

function cells(one: Case): string[] {
  return [
    ...who.map((as) => cell(one, as)),
    ...places.flatMap((place) => who.map((as) => guestCell(one, place, as))),
  ]
}

function cell(one: Case, as: Attacker): string {
  if (!attackersOf(one).includes(as)) return '–'
  if (one.impossible === true) return 'cannot here'
  return words[expectedOf(one, as)] + (one[as]?.race === true ? ' at worst' : '')
}

function guestCell(one: Case, place: Place, as: Attacker): string {
  if (!attackersOf(one).includes(as)) return '–'
  if (one.elsewhere !== undefined) return 'elsewhere'
  const result = resultIn(measuredKernel, place, as, one.id)
  return result === undefined ? 'not run' : words[result]
}

function how(one: Case): string {
  const opens = [one.user, one.root].filter((open): open is Open => open !== undefined)
  const reasons = [...new Set(opens.map(({ why, advice }) => `${why}. To do: ${advice}`))]
  const parts = [
    ...(one.by.startsWith('–') && reasons.length > 0 ? [] : [one.by]),
    ...reasons,
    ...(one.elsewhere === undefined ? [] : [`(\`${one.elsewhere}\`)`]),
    ...(one.guests === undefined ? [] : [`In virtual machines: ${one.guests}`]),
    ...(one.cannot === undefined ? [] : [`(Without Runwarden: ${one.cannot}.)`]),
  ]
  return parts.join('; ').replaceAll('|', String.raw`\|`)
}
