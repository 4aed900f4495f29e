import type { Server } from 'node:net'
import type { ServerPlan } from './protocol.ts'

/** Resolves when the server accepts connections at the planned address. */
export function listening(server: Server, plan: ServerPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: plan.address, port: plan.port, backlog: 4096 }, resolve)
  })
}
