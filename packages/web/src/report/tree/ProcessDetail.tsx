import { useMemo } from 'react'
import { plainCommand } from '@runwarden/events/plain'
import { duration, placeOf } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

const ROOM = 50

/** What is known of the selected process: what it was, and what it reached. */
export function ProcessDetail({ execId }: { execId: string }) {
  const { report, tree, who } = usePage()
  const node = tree.node(execId)
  const reached = useMemo(
    () => report.destinations.filter((to) => to.processes.some((by) => by.execId === execId)),
    [report, execId],
  )
  const asked = useMemo(
    () => report.dns.filter((query) => query.processes.some((by) => by.execId === execId)),
    [report, execId],
  )
  if (node === undefined) return null
  const end =
    node.endTime === null
      ? 'not seen to end'
      : `after ${duration(Math.max(0, node.endTime - node.startTime))}, ${status(node)}`
  return (
    <section className="detail" aria-label={`Process ${node.pid}`}>
      <h3>
        Process {node.pid} <span className="by">{who.lineage(execId)}</span>
      </h3>
      <dl>
        {node.images.map((image, index) => (
          // A process never goes back to a former place in this list.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={index}>
            <dt>{index === 0 ? 'Started' : 'Then became'}</dt>
            <dd>
              <code className="command">{plainCommand(image.argv)}</code>
              {image.argvTruncated && <span className="tag">arguments cut</span>}
              <div className="aside">
                <Code value={image.exe} /> in <Code value={image.cwd} />
              </div>
            </dd>
          </div>
        ))}
        <div>
          <dt>Ended</dt>
          <dd>{end}</dd>
        </div>
        <div>
          <dt>User</dt>
          <dd>{node.uid}</dd>
        </div>
        {(reached.length > 0 || asked.length > 0) && (
          <div>
            <dt>Network</dt>
            <dd>
              <ul className="plain">
                {reached.slice(0, ROOM).map((to) => (
                  <li key={`${to.verdict} ${to.firstSeq} ${placeOf(to)}`}>
                    <VerdictChip verdict={to.verdict} /> <Code value={placeOf(to)} limit={300} />
                  </li>
                ))}
                {asked.slice(0, ROOM).map((query) => (
                  <li key={`${query.verdict} ${query.type} ${query.server} ${query.name}`}>
                    <VerdictChip verdict={query.verdict} /> <Text value={query.type} />{' '}
                    <Code value={query.name} limit={260} />
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}

function status(node: { code: number | null; signal: number | null }): string {
  return node.signal === null ? `with status ${node.code ?? 'unknown'}` : `by signal ${node.signal}`
}
