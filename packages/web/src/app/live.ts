import { useEffect, useRef } from 'react'
import type { RunJob } from '@runwarden/api'
import { serverHeard, serverMissed } from './states/server-away.ts'

/** What the server tells a page as it happens; `again`: it was away, and what it told meanwhile is not known. */
export type Live =
  | { event: 'job'; data: { change: string; job: RunJob } }
  | { event: 'detection'; data: { id: string; jobId: string } }
  | { event: 'again' }

/** How long to wait before a stream that the server refused is asked for anew, milliseconds. */
const retryMs = 5000

/** Hears what happens in an organisation as long as the page is there. */
export function useLive(org: string, heard: (live: Live) => void): void {
  const latest = useRef(heard)
  useEffect(() => {
    latest.current = heard
  })
  useEffect(() => {
    let source: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let opened = false
    const open = (): void => {
      source = new EventSource(`/v1/orgs/${encodeURIComponent(org)}/live`)
      source.addEventListener('open', () => {
        serverHeard()
        if (opened) latest.current({ event: 'again' })
        opened = true
      })
      for (const event of ['job', 'detection'] as const)
        source.addEventListener(event, ({ data }: MessageEvent<string>) =>
          latest.current({ event, data: JSON.parse(data) } as Live),
        )
      // The browser asks again by itself where the connection broke, not where the server said no.
      source.addEventListener('error', () => {
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, retryMs)
        else serverMissed()
      })
    }
    open()
    return () => {
      clearTimeout(timer)
      source?.close()
    }
  }, [org])
}
