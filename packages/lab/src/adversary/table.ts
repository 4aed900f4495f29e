import { type Attacker, attackersOf, type Case, expectedOf, type Open } from './case.ts'
import { rows } from './cases/index.ts'

export const marks = {
  begin: '<!-- adversary: written by scripts/test adversary --write -->',
  end: '<!-- adversary: end -->',
} as const

const words = { held: 'held', told: 'told', 'not-held': '**not held**' } as const

/** The table of every technique, as Markdown. What it says of each was asserted by the suite's last run. */
export function renderTable(): string {
  const cases = rows.flatMap((row) => row.cases.map((one) => ({ row: row.row, one })))
  const lines = cases.map(
    ({ row, one }) =>
      `| ${row} | ${one.technique.replaceAll('|', String.raw`\|`)} | T0 | ${cell(one, 'user')} | ${cell(one, 'root')} | ${how(one)} |`,
  )
  return [
    marks.begin,
    `${cases.length} techniques. ${count('user')} ${count('root')}`,
    'Results at tier T0; “T2”: what comes of it where LSM programs guard Runwarden, where that was tried and is better.',
    '',
    '| row | technique | tier | user | root | how it is stopped; or that it is not, why, and what to do |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
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

function count(as: Attacker): string {
  const all = rows.flatMap(({ cases }) => cases).filter((one) => attackersOf(one).includes(as))
  const tried = all.filter(({ impossible }) => impossible !== true)
  const of = (result: keyof typeof words) =>
    tried.filter((one) => expectedOf(one, as) === result).length
  const who = as === 'user' ? 'As an ordinary user' : 'As root in the job'
  return `${who}: ${tried.length} tried, ${of('held')} held, ${of('told')} told, ${of('not-held')} not held; ${all.length - tried.length} cannot be done here.`
}

function cell(one: Case, as: Attacker): string {
  if (!attackersOf(one).includes(as)) return '–'
  if (one.impossible === true) return 'cannot here'
  const better = one.t2?.[as] === undefined ? '' : `; T2: ${words[one.t2[as]]}`
  return words[expectedOf(one, as)] + (one[as]?.race === true ? ' at worst' : '') + better
}

function how(one: Case): string {
  const opens = [one.user, one.root].filter((open): open is Open => open !== undefined)
  const reasons = [...new Set(opens.map(({ why, advice }) => `${why}. To do: ${advice}`))]
  const parts = [
    ...(one.by.startsWith('–') && reasons.length > 0 ? [] : [one.by]),
    ...reasons,
    ...(one.elsewhere === undefined ? [] : [`(\`${one.elsewhere}\`)`]),
    ...(one.cannot === undefined ? [] : [`(Without Runwarden: ${one.cannot}.)`]),
  ]
  return parts.join('; ').replaceAll('|', String.raw`\|`)
}
