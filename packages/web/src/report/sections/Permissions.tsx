import type { ReportTokenCall } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'
import { grantedBeside, grouped } from '@runwarden/report/view'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

const meanings: Record<ReportTokenCall['meaning'], string> = {
  needed: '',
  none: 'nothing',
  unknown: 'not known',
  'other-token': 'another token than GITHUB_TOKEN',
  outside: 'nothing: another repository',
}

function needs(call: ReportTokenCall): string {
  if (call.meaning !== 'needed') return meanings[call.meaning]
  return call.needs.join(call.together === 'all' ? ', ' : ' or ')
}

const columns: Column<ReportTokenCall>[] = [
  {
    title: 'Call',
    cell: (call) => <Code value={call.endpoint} />,
    by: (call) => call.endpoint,
    wide: true,
  },
  {
    title: 'Repository',
    cell: (call) => (call.repository === null ? '' : <Code value={call.repository} />),
    by: (call) => call.repository ?? '',
  },
  { title: 'Needs', cell: (call) => plain(needs(call)), by: needs },
  { title: 'Calls', cell: (call) => grouped(call.count), by: (call) => call.count, number: true },
  {
    title: 'Program',
    cell: (call) => plain(call.programs.join(', '), 400),
    by: (call) => call.programs[0] ?? '',
  },
]

/** What the job's token needs, ready to be pasted. */
export function Permissions() {
  const { report } = usePage()
  const { minimumPermissions: block, tokenCalls } = report
  if (block === null) return null
  return (
    <Section
      id="permissions"
      title="Minimum token permissions"
      about="What this run's calls of GitHub needed of its token. Put it into the workflow in place of what the job is granted."
    >
      <div className="policy">
        <CopyButton text={block} label="Copy permissions" />
        {/* What scrolls must be in reach of the keyboard. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre tabIndex={0} aria-label="Minimum token permissions">
          {block
            .split('\n')
            .map((line) => plain(line))
            .join('\n')}
        </pre>
      </div>
      <ul>
        {grantedBeside(report).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <DataTable
        caption="Calls of GitHub with a token"
        columns={columns}
        rows={tokenCalls}
        rowKey={(call) =>
          `${call.endpoint} ${call.repository} ${call.meaning} ${call.needs.join()}`
        }
      />
    </Section>
  )
}
