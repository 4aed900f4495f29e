import type { ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'
import { alarmOf, refusals } from '../../ui/alarm.ts'
import { VerdictChip } from '../../ui/Chip.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { AddressLink } from '../AddressLink.tsx'
import { FindingCard } from '../detections/FindingCard.tsx'
import { Listed } from '../Listed.tsx'
import { ProgramList } from '../ProgramList.tsx'
import type { Program, Rows } from '../rows.ts'
import { useFindings, useJob, useRows } from '../source.ts'

/** How many of each are shown here; the rest is in its own tab. */
const few = 6

/** What somebody should know of the job within ten seconds, in order of alarm. */
export default function Summary() {
  return (
    <div className="summary">
      <Detected />
      <Refused />
      <Requested />
      <Changed />
      <Reached />
    </div>
  )
}

interface PartProps {
  id: string
  title: string
  count: number | null
  tab: string
  children: ReactNode
}

function Part({ id, title, count, tab, children }: PartProps) {
  return (
    <section aria-labelledby={id} className="part">
      <h3 id={id}>
        {title} {count !== null && <span className="count">{grouped(count)}</span>}
        <AddressLink className="all" set={{ tab }}>
          All<span className="unseen"> of {title.toLowerCase()}</span>
        </AddressLink>
      </h3>
      {children}
    </section>
  )
}

/** Lines that say what they are without a head. */
function Lines({ caption, children }: { caption: string; children: ReactNode }) {
  return (
    // What scrolls must be in reach of the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="table" aria-label={`${caption}, scrollable`} tabIndex={0}>
      <table>
        <caption className="unseen">{caption}</caption>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

interface LineProps {
  /** What came of it. */
  result: ReactNode
  programs: readonly Program[]
  /** What it was. */
  children: ReactNode
}

function Line({ result, programs, children }: LineProps) {
  return (
    <tr>
      <td className="tight">{result}</td>
      <td className="wide">{children}</td>
      <td>
        <ProgramList programs={programs} />
      </td>
    </tr>
  )
}

function Detected() {
  const { facts } = useJob()
  const list = useFindings()
  const found = list.rows.filter(({ suppressed }) => suppressed === null)
  return (
    <Part id="detected" title="Detections" count={facts.detections} tab="detections">
      <Listed
        list={{ ...list, rows: found }}
        label="Detections"
        none="Nothing suspicious was found."
      >
        <ul className="cards">
          {found.slice(0, few).map((finding) => (
            <FindingCard key={finding.id} finding={finding} />
          ))}
        </ul>
      </Listed>
    </Part>
  )
}

function Refused() {
  const { facts } = useJob()
  // Each is asked for by itself, for it may stand behind thousands that were allowed.
  // Hooks are called in the same order each time: these three are all there are.
  const attacks = useRows('destinations', { verdict: 'attack-blocked' })
  const blocked = useRows('destinations', { verdict: 'blocked' })
  const would = useRows('destinations', { verdict: 'would-block' })
  const names = [
    useRows('dns', { verdict: 'attack-blocked' }),
    useRows('dns', { verdict: 'blocked' }),
    useRows('dns', { verdict: 'would-block' }),
  ]
  const rows = [...attacks.rows, ...blocked.rows, ...would.rows]
  const connected = new Set(rows.map(({ host }) => host))
  const refused = names
    .flatMap((list) => list.rows)
    .filter(
      ({ name }, index, all) =>
        !connected.has(name) && all.findIndex((other) => other.name === name) === index,
    )
  const acts = refusals.reduce((sum, verdict) => sum + (facts.byVerdict[verdict] ?? 0), 0)
  const lists = [attacks, blocked, would, ...names]
  const list = {
    ...attacks,
    rows: [...rows, ...refused].toSorted((a, b) => alarmOf(a.verdict) - alarmOf(b.verdict)),
    waiting: lists.some(({ waiting }) => waiting),
    error: lists.find(({ error }) => error !== null)?.error ?? null,
  }
  return (
    <Part
      id="refused"
      title={facts.egress === 'audit' ? 'Outside of the policy' : 'Blocked'}
      count={acts}
      tab="network"
    >
      <Listed
        list={list}
        label="What was blocked"
        none={
          facts.egress === 'audit' ? 'Everything was inside of the policy.' : 'Nothing was blocked.'
        }
      >
        <Lines caption="Blocked, or would have been">
          {list.rows
            .slice(0, few * 2)
            .map((row) =>
              'name' in row ? (
                <NameLine key={`name ${row.n}`} row={row} />
              ) : (
                <DestinationLine key={row.n} row={row} />
              ),
            )}
        </Lines>
      </Listed>
    </Part>
  )
}

/** A name that was refused, so that nothing was connected to. */
function NameLine({ row }: { row: Rows['dns'] }) {
  return (
    <Line result={<VerdictChip verdict={row.verdict} />} programs={row.programs}>
      <Code value={row.name} limit={200} />
      <div className="aside">
        only its name was asked for · <Text value={row.reason} limit={200} />
      </div>
    </Line>
  )
}

function DestinationLine({ row }: { row: Rows['destinations'] }) {
  return (
    <Line result={<VerdictChip verdict={row.verdict} />} programs={row.programs}>
      <Code value={`${row.host ?? row.addresses[0] ?? '?'}:${row.port}`} limit={200} />
      <div className="aside">
        {row.protocol} · <Text value={row.reason} limit={200} />
      </div>
    </Line>
  )
}

function Requested() {
  const { facts } = useJob()
  const list = useRows('http')
  return (
    <Part id="requested" title="HTTPS requests" count={facts.rows.http ?? 0} tab="https">
      <Listed list={list} label="HTTPS requests" none="No request was read.">
        <Lines caption="HTTPS requests">
          {list.rows
            .toSorted((a, b) => alarmOf(a.verdict) - alarmOf(b.verdict))
            .slice(0, few)
            .map((row) => (
              <Line
                key={row.n}
                result={<VerdictChip verdict={row.verdict} />}
                programs={row.programs}
              >
                <b>
                  <Text value={row.method} limit={20} />
                </b>{' '}
                <Code value={`${row.scheme}://${row.host}${row.path}`} limit={160} />
              </Line>
            ))}
        </Lines>
      </Listed>
    </Part>
  )
}

/** Files that others changed: what an attack on the sources looks like. */
function Changed() {
  const { facts } = useJob()
  const list = useRows('changes')
  if ((facts.rows.changes ?? 0) === 0) return null
  return (
    <Part id="changed" title="Files changed by others" count={facts.rows.changes ?? 0} tab="files">
      <Listed
        list={list}
        label="Files changed by others"
        none="No file was changed by another program."
      >
        <Lines caption="Files that another process than their first writer changed">
          {list.rows.slice(0, few).map((row) => (
            <Line key={row.n} result={row.state} programs={row.programs}>
              <Code value={row.path} limit={200} />
            </Line>
          ))}
        </Lines>
      </Listed>
    </Part>
  )
}

function Reached() {
  const { facts } = useJob()
  const list = useRows('destinations', { verdict: 'allowed' })
  const all = facts.rows.destinations ?? 0
  return (
    <Part
      id="reached"
      title="Destinations allowed"
      count={list.more === null ? list.rows.length : all}
      tab="network"
    >
      <Listed
        list={list}
        label="Destinations"
        none={all > 0 ? 'None beside those above.' : 'No destination was reached.'}
      >
        <Lines caption="Destinations that were allowed">
          {list.rows.slice(0, few * 2).map((row) => (
            <DestinationLine key={row.n} row={row} />
          ))}
        </Lines>
      </Listed>
    </Part>
  )
}
