import { isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { App, Context } from './context.ts'
import { HttpError } from './error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `sign-in`: few, since nobody signs in often. */
    rate?: 'sign-in'
  }
}

/** Of those who sign in from one address: so many at once, and one more each second. */
const signIns = { perSecond: 1, most: 20 }
/** What is held back may come at once: so many seconds' worth of it. */
const burstSeconds = 5
/** Callers that are told apart at a time; of more, who came first begins anew. */
const mostCallers = 20_000

interface Bucket {
  left: number
  at: number
}

/** What each caller may still ask. */
export interface Limits {
  /** @throws HttpError (429) */
  take: (request: FastifyRequest) => void
}

/**
 * Bounds how often each caller is answered: a key, a job, a person; whoever gives none of these, or a wrong one, by address.
 * (Guessing keys needs no limit of its own: they are 256 random bits.)
 */
export function createLimits({ clock, config }: Context): Limits {
  const buckets = new Map<string, Bucket>()
  const most = config.rateLimit * burstSeconds
  const take = (caller: string, limit: { perSecond: number; most: number }): void => {
    const now = clock()
    let bucket = buckets.get(caller)
    if (bucket === undefined) {
      const [oldest] = buckets.keys()
      if (buckets.size >= mostCallers && oldest !== undefined) buckets.delete(oldest)
      bucket = { left: limit.most, at: now }
      buckets.set(caller, bucket)
    }
    const gained = (Math.max(0, now - bucket.at) / 1000) * limit.perSecond
    bucket.left = Math.min(limit.most, bucket.left + gained)
    bucket.at = now
    if (bucket.left < 1)
      throw new HttpError(429, 'too-many-requests', 'too many requests; try again in some seconds')
    bucket.left--
  }
  return {
    take(request) {
      if (request.routeOptions.config.rate === 'sign-in')
        take(`sign-in ${holderOf(request.ip)}`, signIns)
      else if (config.rateLimit > 0) take(callerOf(request), { perSecond: config.rateLimit, most })
    },
  }
}

/** Those who may come in; who may not is counted where that is found out (src/auth/hook.ts). */
export function addRates(app: App, limits: Limits): void {
  app.addHook('onRequest', async (request) => limits.take(request))
}

function callerOf(request: FastifyRequest): string {
  const { identity } = request
  switch (identity.kind) {
    case 'user':
    case 'key':
      return `${identity.kind} ${identity.id}`
    case 'job':
      return `job ${identity.jobId}`
    case 'job-claims':
      return `organisation ${identity.organisation.id}`
    case 'nobody':
      return `address ${holderOf(request.ip)}`
  }
}

/** Whom an address stands for: who has one of IPv6 has 2⁶⁴ of them. That of IPv4 may come written as one of IPv6. */
export function holderOf(address: string): string {
  const ip = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(ip)) return ip
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  while (groups.length + rest.length < 8) groups.push('0')
  return [...groups, ...rest].slice(0, 4).join(':')
}
