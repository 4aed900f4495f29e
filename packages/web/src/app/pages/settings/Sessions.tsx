import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Session } from '@runwarden/api'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Frame } from './Frame.tsx'

/** Where the person who looks is signed in. */
export default function Sessions() {
  const queries = useQueryClient()
  const queryKey = ['sessions']
  const sessions = useQuery({ queryKey, queryFn: () => ask(api.GET('/v1/me/sessions')) })
  const end = useMutation({
    mutationFn: (session: string) =>
      ask(api.DELETE('/v1/me/sessions/{session}', { params: { path: { session } } })),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  })
  return (
    <Frame title="Sessions">
      <Section
        id="sessions"
        title="Your sessions"
        about="Browsers in which you are signed in. One that you do not know is somebody else’s: end it."
      >
        <Refused error={end.error} />
        <Loaded query={sessions} label="Your sessions are loading" lines={4}>
          {({ items }) =>
            items.length === 0 ? (
              <Nothing>You have no session: you use an API key.</Nothing>
            ) : (
              <DataTable
                caption="Your sessions"
                columns={columns(end.mutate, end.isPending)}
                rows={items}
                rowKey={({ id }) => id}
              />
            )
          }
        </Loaded>
      </Section>
    </Frame>
  )
}

/** What the table shows of each. */
const columns = (onEnd: (id: string) => void, ending: boolean): readonly Column<Session>[] => [
  {
    title: 'Session',
    cell: ({ id, isCurrent }) => (
      <>
        <Code value={id.slice(0, 12)} /> {isCurrent && <span className="tag">this browser</span>}
      </>
    ),
    wide: true,
  },
  {
    title: 'Signed in',
    cell: ({ createdAt }) => <Time at={createdAt} />,
    by: ({ createdAt }) => createdAt,
    tight: true,
  },
  {
    title: 'Ends',
    cell: ({ expiresAt }) => <Time at={expiresAt} />,
    by: ({ expiresAt }) => expiresAt,
    tight: true,
  },
  {
    title: 'Actions',
    cell: ({ id, isCurrent }) =>
      isCurrent ? (
        'Sign out in the corner above'
      ) : (
        <button
          type="button"
          aria-label={`End session ${id.slice(0, 12)}`}
          disabled={ending}
          onClick={() => onEnd(id)}
        >
          End
        </button>
      ),
  },
]
