import { EventEmitter } from 'node:events'

/** What parts of the server tell each other at once; what matters after a restart is in the database. */
export interface BusEvents {
  /** The block list of one organisation has changed, or with null everybody's. */
  'block-list': [organisationId: string | null]
  /** So have policies that may hold for an organisation's live jobs. */
  policy: [organisationId: string | null]
}

export type Bus = EventEmitter<BusEvents>

export function createBus(): Bus {
  const bus: Bus = new EventEmitter()
  // One listener for each stream of an agent.
  bus.setMaxListeners(0)
  return bus
}
