import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useState } from 'react'
import type { Report } from '@runwarden/events'
import { AddressContext } from '../job/address.ts'
import { reportSource } from '../job/from-report/source.ts'
import { JobView } from '../job/JobView.tsx'
import { JobContext } from '../job/source.ts'
import { Mark } from '../ui/Mark.tsx'
import { useHashAddress } from './hash-address.ts'
import { Notices } from './Notices.tsx'

/** What is in the file does not change, and is there at once. */
const createQueries = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: false, staleTime: Number.POSITIVE_INFINITY, networkMode: 'always' },
    },
  })

/** Everything about one job, from the report that is in the same file. */
export function ReportPage({ report }: { report: Report }) {
  const [queries] = useState(createQueries)
  const [source] = useState(() => reportSource(report))
  const address = useHashAddress()
  return (
    <QueryClientProvider client={queries}>
      <JobContext value={source}>
        <AddressContext value={address}>
          <div className="report">
            <header className="bar">
              <div className="brand">
                <Mark /> Runwarden <span>report</span>
              </div>
            </header>
            <main>
              <Notices report={report} />
              <JobView />
            </main>
          </div>
        </AddressContext>
      </JobContext>
    </QueryClientProvider>
  )
}
