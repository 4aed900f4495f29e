import { ApiError } from '@runwarden/api'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, ask } from '../../api.ts'

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

/**
 * What is wrong with a text, as one types; undefined: it is not known yet.
 * @param org whose server is asked; null: there is none yet, and the text is only checked when it is saved
 */
export function useChecked(org: string | null, text: string): Checked | undefined {
  const settled = useSettled(text)
  const { data } = useQuery({
    queryKey: ['policy-check', org, settled],
    queryFn: () => check(org, settled),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  })
  return settled === text ? data : undefined
}

async function check(org: string | null, text: string): Promise<Checked> {
  if (org === null) return { problems: [], warnings: [] }
  try {
    const { warnings } = await ask(
      api.POST('/v1/orgs/{org}/policy-checks', { params: { path: { org } }, body: { text } }),
    )
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
