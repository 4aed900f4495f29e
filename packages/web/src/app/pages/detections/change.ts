import { ApiError, type InboxDetection } from '@runwarden/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from '../../api.ts'

export type NewState = 'acknowledged' | 'resolved' | 'open'

/** What is done, on buttons; and what a note says where the person says nothing. */
export const deeds: Readonly<Record<NewState, { label: string; key: string; note: string }>> = {
  acknowledged: { label: 'Acknowledge', key: 'e', note: 'acknowledged without a note' },
  resolved: { label: 'Resolve', key: 'r', note: 'resolved without a note' },
  open: { label: 'Open again', key: 'u', note: 'opened again without a note' },
}

/** A detection, and the state that the person has seen it in. */
export interface Seen {
  id: string
  state: InboxDetection['state']
}

/**
 * Says what has become of detections, one after the other.
 * @returns what was not done, as somebody else has changed its state since it was seen
 */
export function useChange(org: string) {
  const queries = useQueryClient()
  return useMutation({
    async mutationFn(change: { items: readonly Seen[]; state: NewState; note: string }) {
      const { items, state, note } = change
      const meanwhile: ApiError[] = []
      for (const { id, state: seen } of items)
        try {
          await ask(
            api.POST('/v1/orgs/{org}/detections/{detection}/state', {
              params: { path: { org, detection: id } },
              body: { state, note, seen },
            }),
          )
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 409)) throw error
          meanwhile.push(error)
        }
      return meanwhile
    },
    // Some may have been changed where one was refused.
    onSettled: () => queries.invalidateQueries({ queryKey: ['detections', org] }),
  })
}
