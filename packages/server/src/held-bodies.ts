import type { onRequestHookHandler } from 'fastify'
import { HttpError } from './error.ts'

/** A body comes at this rate at least, after some seconds that each has. */
const slowest = { bytesPerSecond: 128 << 10, seconds: 10 }

/**
 * Bounds the bytes of bodies that are held at a time, each from its announcement to its answer. A job has so many; an
 * organisation as many as are left to the others, so that whatever some take, there is room for the next one.
 * @param largest bytes of a body that does not say how many it has
 */
export function heldBodies(limit: {
  most: number
  ofJob: number
  largest: number
}): onRequestHookHandler {
  let held = 0
  const shares = new Map<string, number>()
  const book = (who: string, bytes: number): void => {
    const now = (shares.get(who) ?? 0) + bytes
    if (now > 0) shares.set(who, now)
    else shares.delete(who)
  }
  return (request, reply, done) => {
    const { organisation, identity } = request
    const said = Number(request.headers['content-length'] ?? limit.largest)
    // A longer one is refused without being read.
    const bytes = Math.min(said, limit.largest)
    const job = identity.kind === 'job' ? `job ${identity.jobId}` : ''
    const ofJob = (shares.get(job) ?? 0) + bytes
    const ofOrganisation = (shares.get(organisation.id) ?? 0) + bytes
    if (ofJob > limit.ofJob || ofOrganisation > limit.most - held) {
      void reply.header('retry-after', '1')
      return done(new HttpError(503, 'busy', 'too much comes at once; send it again in a second'))
    }
    const change = (by: number): void => {
      held += by
      book(job, by)
      book(organisation.id, by)
    }
    change(bytes)
    const seconds = slowest.seconds + bytes / slowest.bytesPerSecond
    const late = setTimeout(() => {
      if (!request.raw.complete) request.raw.destroy()
    }, seconds * 1000)
    reply.raw.once('close', () => {
      clearTimeout(late)
      change(-bytes)
    })
    done()
  }
}
