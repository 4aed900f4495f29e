import { useEffect, useMemo, useState } from 'react'
import type { Report } from '@runwarden/events'
import { Who } from '@runwarden/report/view'
import { PageContext } from './context.ts'
import { Header } from './Header.tsx'
import { Navigation } from './Navigation.tsx'
import { sections } from './sections.ts'
import { Tree } from './tree/tree.ts'
import { Processes, type Shown } from './tree/Processes.tsx'

/** Everything about one run, on one page. */
export function ReportPage({ report }: { report: Report }) {
  const [shown, setShown] = useState<Shown | null>(null)
  const page = useMemo(
    () => ({
      report,
      who: new Who(report),
      tree: new Tree(report),
      show: (execId: string) => setShown({ execId }),
    }),
    [report],
  )
  const rooms = useMemo(() => sections(report), [report])
  // The browser looked for the place in the address before there was anything on the page.
  useEffect(
    () => document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: 'instant' }),
    [],
  )
  return (
    <PageContext value={page}>
      <a className="skip" href="#content">
        Skip to the report
      </a>
      <Header />
      <div className="columns">
        <Navigation sections={rooms} />
        <main id="content" tabIndex={-1}>
          {rooms.map(({ id, Room }) =>
            Room === undefined ? <Processes key={id} shown={shown} /> : <Room key={id} />,
          )}
        </main>
      </div>
    </PageContext>
  )
}
