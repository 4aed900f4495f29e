import { createContext, use } from 'react'
import type { Report } from '@runwarden/events'
import type { Who } from '@runwarden/report/view'
import type { Tree } from './tree/tree.ts'

export interface Page {
  report: Report
  who: Who
  tree: Tree
  /** Shows a process in the tree and goes there. */
  show: (execId: string) => void
}

export const PageContext = createContext<Page | null>(null)

export function usePage(): Page {
  const page = use(PageContext)
  if (page === null) throw new Error('A part of the report page stands outside of it')
  return page
}
