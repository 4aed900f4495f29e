import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from '../../api.ts'

export type NewState = 'acknowledged' | 'resolved' | 'open'

/** What is done, on buttons; and what a note says where the person says nothing. */
export const deeds: Readonly<Record<NewState, { label: string; key: string; note: string }>> = {
  acknowledged: { label: 'Acknowledge', key: 'e', note: 'acknowledged without a note' },
  resolved: { label: 'Resolve', key: 'r', note: 'resolved without a note' },
  open: { label: 'Open again', key: 'u', note: 'opened again without a note' },
}

/** Says what has become of detections, one after the other. */
export function useChange(org: string) {
  const queries = useQueryClient()
  return useMutation({
    async mutationFn(change: { ids: readonly string[]; state: NewState; note: string }) {
      const { ids, state, note } = change
      for (const detection of ids)
        await ask(
          api.POST('/v1/orgs/{org}/detections/{detection}/state', {
            params: { path: { org, detection } },
            body: { state, note },
          }),
        )
    },
    // Some may have been changed where one was refused.
    onSettled: () => queries.invalidateQueries({ queryKey: ['detections', org] }),
  })
}
