import { ApiError } from '@runwarden/api'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Owner } from '../../owner.ts'
import { checkPolicy } from './asked.ts'

/** Something that is wrong with a policy's text, at its place from 1. */
export interface PolicyProblem {
  line: number
  column: number
  length: number
  message: string
}

export interface Checked {
  problems: readonly PolicyProblem[]
  warnings: readonly string[]
}

/** So long is waited for the next letter, milliseconds. */
const pause = 300

/** What is wrong with a text, as one types; undefined: it is not known yet. */
export function useChecked(owner: Owner, text: string): Checked | undefined {
  const settled = useSettled(text)
  const { data } = useQuery({
    queryKey: ['policy-check', owner, settled],
    queryFn: () => check(owner, settled),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  })
  return settled === text ? data : undefined
}

async function check(owner: Owner, text: string): Promise<Checked> {
  try {
    const { warnings } = await checkPolicy(owner, text)
    return { problems: [], warnings }
  } catch (error) {
    const problems = problemsOf(error)
    if (problems === null) throw error
    return { problems, warnings: [] }
  }
}

/** null: it is another error than a policy's. */
export function problemsOf(error: unknown): PolicyProblem[] | null {
  if (!(error instanceof ApiError) || error.code !== 'policy-invalid') return null
  return error.where.map(({ line = 1, column = 1, text = '', problem, nearest }) => ({
    line,
    column,
    length: text.length,
    message: `${problem}${nearest === null || nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
  }))
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), pause)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
