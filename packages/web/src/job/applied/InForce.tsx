import type { AppliedPolicyLine, ToldPolicy } from '@runwarden/api'
import { Choice } from '../../ui/Choice.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Nothing } from '../../ui/Section.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { absolute, Time } from '../../ui/Time.tsx'
import { useAddressed } from '../address.ts'
import { useKnown } from '../control-plane.ts'
import { SourceLink } from '../policy/SourceLink.tsx'
import { useJob } from '../source.ts'

/** The document that was in force, line by line; where it was changed while the job ran, the newest or the chosen one. */
export function InForce() {
  const { every } = useJob()
  const [version, setVersion] = useAddressed('version')
  const number = /^[1-9]\d{0,6}$/.test(version ?? '') ? Number(version) : undefined
  const applied = useKnown(['applied', String(number)], (one) => one.applied(number), { every })
  if (applied.error !== null)
    return <Failure error={applied.error} onRetry={() => void applied.refetch()} />
  if (applied.data === undefined) return <Skeleton label="Its policy is loading" lines={6} />
  const { told, lines } = applied.data
  const shown = told.find((one) => one.number === (applied.data.number ?? told[0]?.number))
  const title = shown === undefined ? 'What the store’s policies make together' : 'In force'
  return (
    <section className="part" aria-labelledby="lines-title">
      <h3 id="lines-title">{title}</h3>
      {shown === undefined ? (
        <Nothing>
          Its agent has not told the policy that it put in force: what the workflow itself says
          stands before these lines, and is in the job’s log.
        </Nothing>
      ) : (
        <Told shown={shown} isKept={applied.data.number !== null} />
      )}
      {told.length > 1 && (
        <Choice
          label="Version"
          options={told.map(nameOf)}
          value={shown === undefined ? null : nameOf(shown)}
          onChoose={(name) => {
            const chosen = told.find((one) => nameOf(one) === name)
            setVersion(chosen === undefined || chosen === told[0] ? null : String(chosen.number))
          }}
        />
      )}
      {lines.length > 0 && (
        <DataTable
          caption="Lines of the policy"
          columns={columns}
          rows={lines.map(({ text, from, source }, index) => ({
            text,
            from,
            source,
            number: index + 1,
          }))}
          rowKey={(line) => String(line.number)}
        />
      )}
    </section>
  )
}

const nameOf = ({ number, at }: ToldPolicy): string => `${number}, since ${absolute(at)}`

function Told({ shown, isKept }: { shown: ToldPolicy; isKept: boolean }) {
  return (
    <>
      <p className="about">
        As its agent put it in force <Time at={shown.at} />, in mode {shown.egress}.
        {!isKept && ' The document is not kept: these lines are what the store’s policies make.'}
      </p>
      {shown.otherwise !== null && (
        <p className="about">
          <Text value={shown.otherwise} limit={1000} />.
        </p>
      )}
    </>
  )
}

const columns: readonly Column<AppliedPolicyLine & { number: number }>[] = [
  { title: 'No.', cell: ({ number }) => <span className="unknown">{number}</span>, number: true },
  { title: 'Line', cell: ({ text }) => <Code value={text} limit={300} />, wide: true },
  {
    title: 'From',
    cell: ({ source, from }) =>
      source !== null ? (
        <SourceLink source={source} />
      ) : from === null ? (
        <span className="unknown">put together</span>
      ) : (
        <span className="aside">
          <Text value={from} limit={200} />
        </span>
      ),
  },
]
