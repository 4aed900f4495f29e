import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Right } from '../auth/rights.ts'
import { OfOrganisation } from '../routes/page.ts'

/** Whose something is: an organisation's id, or the server's own (null), and then it holds for all organisations. */
export type Owner = string | null

/** The owner that a request is about: that of the identity, never of what was asked for. */
export const ownerOf = (request: FastifyRequest): Owner => request.organisationOrNone?.id ?? null

/** Where the same resource stands twice: of each organisation, and of the server. */
export interface Place {
  prefix: string
  read: Right
  write: Right
  /** What the path names beside the resource itself. */
  params: <Shape extends z.ZodRawShape>(own: z.ZodObject<Shape>) => z.ZodObject<Shape>
  /** For the summaries of routes. */
  of: string
}

export const places: readonly Place[] = [
  {
    prefix: '/v1/orgs/:org',
    read: 'viewer',
    write: 'editor',
    params: (own) => OfOrganisation.extend(own.shape) as unknown as typeof own,
    of: 'of an organisation',
  },
  {
    prefix: '/v1/server',
    read: 'operator',
    write: 'operator',
    params: (own) => own,
    of: 'of the server, for all organisations',
  },
]
