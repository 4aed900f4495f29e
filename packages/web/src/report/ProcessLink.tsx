import type { ReportProcess } from '@runwarden/events'
import { Code } from '../ui/Text.tsx'
import { usePage } from './context.ts'

/** The program behind an act; pressed, the tree shows it. */
export function ProcessLink({
  process,
}: {
  process: Pick<ReportProcess, 'execId' | 'exe' | 'image'>
}) {
  const { who, tree, show } = usePage()
  const command = who.command(process, 160)
  if (!tree.has(process.execId)) return <code>{command}</code>
  return (
    <a
      href="#processes"
      className="process"
      title={`Process ${who.pid(process.execId)}: ${who.byline(process.execId)}`}
      onClick={() => show(process.execId)}
    >
      <code>{command}</code>
    </a>
  )
}

/** Every process of an entry, the first ones shown. */
export function ProcessList({ processes }: { processes: readonly ReportProcess[] }) {
  const [first, ...others] = processes
  if (first === undefined) return <span className="unknown">unknown</span>
  if (others.length === 0) {
    return (
      <>
        <ProcessLink process={first} />
        <Place process={first} />
      </>
    )
  }
  return (
    <details className="others">
      <summary>
        <ProcessLink process={first} /> <span className="count">+{others.length}</span>
      </summary>
      <ul>
        {others.map((process) => (
          <li key={`${process.execId} ${process.exe}`}>
            <ProcessLink process={process} />
          </li>
        ))}
      </ul>
    </details>
  )
}

/** The folder that the process worked in, where it is not the workspace itself: it often names the package. */
function Place({ process }: { process: ReportProcess }) {
  const place = usePage().who.place(process)
  return place === '' || place === '.' ? null : <div className="aside">in {place}</div>
}

/** Who did it, where only the identity is told; a finding may be of another step than its process. */
export function Doer({ execId, step }: { execId: string | null; step?: string | null }) {
  const { who, tree, show } = usePage()
  if (execId === null) return <span className="unknown">unknown</span>
  const byline = step === undefined ? who.byline(execId) : who.byline(execId, step)
  if (!tree.has(execId)) return <code>{byline}</code>
  return (
    <a href="#processes" className="process" onClick={() => show(execId)}>
      <Code value={byline} />
    </a>
  )
}
