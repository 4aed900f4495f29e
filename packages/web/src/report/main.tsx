import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import '../styles/report.css'
import { ReportPage } from './ReportPage.tsx'
import { readReport } from './read.ts'
import { Unreadable } from './Unreadable.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no #root')
createRoot(root).render(<StrictMode>{page()}</StrictMode>)

function page() {
  try {
    return <ReportPage report={readReport(document)} />
  } catch (error) {
    return <Unreadable error={error} />
  }
}
