import type { ReactNode } from 'react'
import { Nothing } from '../../ui/Section.tsx'
import { usePage } from '../context.ts'

/** What an empty list means: only a run that was watched can say that nothing happened. */
export function Empty({ children }: { children: ReactNode }) {
  const { protection } = usePage().report
  if (protection === 'unprotected')
    return <Nothing>Not known: nothing watched the command.</Nothing>
  return <Nothing>{protection === 'not-run' ? 'The command was not run.' : children}</Nothing>
}
