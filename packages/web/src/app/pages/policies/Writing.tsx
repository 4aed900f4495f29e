import { useQueryClient } from '@tanstack/react-query'
import { useCallback, type ReactNode } from 'react'
import { api, ask } from '../../api.ts'
import type { Owner } from '../../owner.ts'
import { useMe } from '../../session/session.ts'
import { useChecked } from './checking.ts'
import { PolicyEditor } from './PolicyEditor.tsx'
import { Problems } from './Problems.tsx'
import { Trial } from './Trial.tsx'

interface Props {
  owner: Owner
  text: string
  onChange: (text: string) => void
  /** Saves it; is told whether the text is a policy. */
  children: (isPolicy: boolean) => ReactNode
}

/** A policy is written: checked as one types, and tried before it is saved. */
export function Writing({ owner, text, onChange, children }: Props) {
  const { organisations } = useMe()
  // One of the server itself is written for all of them: what any has reached is of help.
  const org = owner ?? organisations[0]?.name ?? null
  const queries = useQueryClient()
  const checked = useChecked(owner, text)
  const hosts = useCallback(
    async (part: string) => {
      if (org === null) return []
      const query = { limit: 50, period: '30d' as const, ...(part === '' ? {} : { like: part }) }
      const { items } = await queries.fetchQuery({
        queryKey: ['known-hosts', org, part],
        queryFn: () =>
          ask(api.GET('/v1/orgs/{org}/destinations', { params: { path: { org }, query } })),
      })
      return items
    },
    [queries, org],
  )
  return (
    <>
      <PolicyEditor
        text={text}
        onChange={onChange}
        problems={checked?.problems ?? none}
        hosts={hosts}
      />
      <Problems checked={checked} />
      {children(checked !== undefined && checked.problems.length === 0)}
      <Trial owner={owner} text={text} />
    </>
  )
}

const none = [] as const
