import type { Report } from '@runwarden/events'
import { missing } from '@runwarden/report/view'

/** What may be missing from the report, before anything that is in it. */
export function Notices({ report }: { report: Report }) {
  const notices = missing(report)
  if (notices.length === 0) return null
  return (
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
  )
}
