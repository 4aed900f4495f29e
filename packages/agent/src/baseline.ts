import type { Event } from '@runwarden/events'

/** Destinations that past runs of a job have reached: those of `destinationOf`. */
export type Baseline = ReadonlySet<string>

/** One text for a destination; of a host that has a name the address does not count. */
export function destinationOf(to: {
  host: string | null
  address: string
  port: number
  protocol: string
}): string {
  return `${to.protocol} ${to.host ?? to.address} ${to.port}`
}

/** Whether an event is a connection to where no past run has been; without a baseline nothing is. */
export function isUnseen(event: Event, baseline: Baseline | undefined): boolean {
  return (
    baseline !== undefined && event.kind === 'net.connect' && !baseline.has(destinationOf(event))
  )
}
