import { setImmediate } from 'node:timers/promises'
import { isLoopbackText } from '@runwarden/policy'
import type { Database } from '../db/database.ts'
import { rowsOf } from '../views/pages.ts'
import type { RowData } from '../views/rows.ts'

/** Of a job's view so many rows are looked at; the first ones. */
const mostRows = 5000

export type Contact = RowData['destinations'] & {
  count: number
  firstSeq: number
  firstTime: number
}
export type Question = RowData['dns'] & { count: number }

export interface JobFacts {
  contacts: Contact[]
  questions: Question[]
  /** There was more than is looked at. */
  truncated: boolean
}

/** Which destinations a job had, and which names it asked for; what stayed on the machine is left out. */
export async function factsOf(index: Database, jobId: string): Promise<JobFacts> {
  // Others get their turn between jobs.
  await setImmediate()
  const asked = { after: 0, limit: mostRows, verdict: null }
  const contacts = rowsOf(index, jobId, 'destinations', asked) as Contact[]
  const questions = rowsOf(index, jobId, 'dns', asked) as Question[]
  return {
    contacts: contacts.filter(({ addresses }) => !addresses.some(isLoopbackText)),
    questions,
    truncated: contacts.length === mostRows || questions.length === mostRows,
  }
}

/** One text for a destination; of a host that has a name the address does not count. */
export function destinationOf({ host, addresses, port, protocol }: Contact): string {
  return `${protocol} ${host ?? addresses[0] ?? ''} ${port}`
}

/** Something went out. */
export const left = ({ verdict }: Contact): boolean =>
  verdict === 'allowed' || verdict === 'would-block'
