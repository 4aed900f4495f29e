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
    'At tier T0; “T2” and “host”: what comes of it where LSM programs guard Runwarden, and where the scope is the whole machine (LSM programs guard nothing there, since the agent is inside), when that was tried and is better. On the whole machine jobs keep `CAP_NET_RAW`: their packet sockets are decided at the uplinks (`packages/agent/test/service/host.vm.test.ts`), and pass where the agent finds none, which is a gap of its report.',
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
  const better = (['T2', 'host'] as const).flatMap((guard) => {
    const result = one.better?.[guard]?.[as]
    return result === undefined ? [] : [`; ${guard}: ${words[result]}`]
  })
  return words[expectedOf(one, as)] + (one[as]?.race === true ? ' at worst' : '') + better.join('')
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
