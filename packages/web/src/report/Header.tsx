import { plain, plainCommand } from '@runwarden/events/plain'
import { duration, missing, protection, reliance } from '@runwarden/report/view'
import { usePage } from './context.ts'
import { Tiles } from './Tiles.tsx'

/** What was run, whether it was protected, what came of it, and what may be missing here. */
export function Header() {
  const { report } = usePage()
  const notices = missing(report)
  const state = { none: 'bare', gaps: 'gaps', sound: report.egress }[reliance(report)]
  const facts: [string, string][] = [
    ['Mode', report.egress],
    ...(report.exitStatus === null
      ? []
      : [['Exit status', String(report.exitStatus)] satisfies [string, string]]),
    ['Duration', duration(report.endTime - report.startTime)],
    ['Started', new Date(report.startTime).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'],
    ['Kernel', plain(report.kernel, 80)],
    ['Tier', report.health.tier],
    ['Policy', report.policyFile === null ? 'from options' : plain(report.policyFile, 200)],
  ]
  return (
    <header>
      <div className="brand">
        <Mark /> Runwarden <span>report</span>
      </div>
      <div className="title">
        <h1>
          <code>{plainCommand(report.command, 400)}</code>
        </h1>
        <span className={`state state-${state}`}>{protection(report)}</span>
      </div>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {notices.length > 0 && (
        <aside
          className={report.protection === 'armed' ? 'notices' : 'notices grave'}
          aria-label="What may be missing"
        >
          <ul>
            {notices.map((notice) => (
              <li key={notice}>{notice}</li>
            ))}
          </ul>
        </aside>
      )}
      <Tiles />
    </header>
  )
}

function Mark() {
  return (
    <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path
        d="M8 1 2.5 3v4.4c0 3.3 2.2 6 5.5 7.6 3.3-1.6 5.5-4.3 5.5-7.6V3z"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
      <path
        d="m5.4 8 1.9 1.9 3.4-3.6"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
