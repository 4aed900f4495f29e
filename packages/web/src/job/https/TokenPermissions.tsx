import type { ReportTokenCall } from '@runwarden/events'
import { counted, grantedBeside, grouped } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { useControlPlane, useKnown } from '../control-plane.ts'
import { PolicyText } from '../policy/PolicyText.tsx'
import { useJob, useReport } from '../source.ts'

const meanings: Record<ReportTokenCall['meaning'], string> = {
  needed: '',
  none: 'nothing',
  unknown: 'not known',
  'other-token': 'another token than GITHUB_TOKEN',
  outside: 'nothing: another repository',
}

const needsOf = ({ meaning, needs, together }: ReportTokenCall): string =>
  meaning === 'needed' ? needs.join(together === 'all' ? ', ' : ' or ') : meanings[meaning]

const columns: readonly Column<ReportTokenCall>[] = [
  {
    title: 'Call',
    cell: ({ endpoint }) => <Code value={endpoint} limit={200} />,
    by: ({ endpoint }) => endpoint,
    wide: true,
  },
  {
    title: 'Repository',
    cell: ({ repository }) => (repository === null ? '' : <Code value={repository} limit={120} />),
    by: ({ repository }) => repository ?? '',
  },
  { title: 'Needs', cell: (call) => <Text value={needsOf(call)} limit={200} />, by: needsOf },
  {
    title: 'Calls',
    cell: ({ count }) => grouped(count),
    by: ({ count }) => count,
    number: true,
  },
  {
    title: 'Program',
    cell: ({ programs }) => <Text value={programs.join(', ')} limit={300} />,
    by: ({ programs }) => programs[0] ?? '',
  },
]

/** What the job's token needs, ready to be pasted, with the calls that say so. */
export function TokenPermissions() {
  const { every } = useJob()
  const plane = useControlPlane()
  const report = useReport().data ?? null
  const known = useKnown(['permissions'], (one) => one.permissions(), { every })
  const found = plane === null ? report : (known.data ?? null)
  const calls = plane === null ? (report?.tokenCalls ?? []) : (known.data?.calls ?? [])
  if (known.error !== null)
    return <Failure error={known.error} onRetry={() => void known.refetch()} />
  if (found === null) return null
  const block = found.minimumPermissions
  return (
    <section className="part" aria-labelledby="permissions-title">
      <h3 id="permissions-title">Minimum token permissions</h3>
      {block === null ? (
        <p className="nothing">
          Not known: no request was read that could tell what the job’s token is used for.
        </p>
      ) : (
        <>
          <p className="about">
            What the job’s calls of GitHub{' '}
            {known.data?.soFar === true ? 'have needed so far' : 'needed'} of its token. Put it into
            the workflow in place of what the job is granted.
            {known.data?.isCut === true && ' There were more requests than are looked at.'}
          </p>
          <PolicyText label="Minimum token permissions" text={block} copy="Copy permissions" />
          {report !== null && grantedBeside(report).length > 0 && (
            <ul className="sentences">
              {grantedBeside(report).map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
          {calls.length > 0 && (
            <details>
              <summary>Evidence: {counted(calls.length, 'kind of call', 'kinds of calls')}</summary>
              <DataTable
                caption="Calls of GitHub with a token"
                columns={columns}
                rows={calls}
                rowKey={(call) =>
                  `${call.endpoint} ${call.repository} ${call.meaning} ${call.needs.join()}`
                }
              />
            </details>
          )}
        </>
      )}
    </section>
  )
}
