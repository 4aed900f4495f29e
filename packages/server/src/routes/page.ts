import { z } from 'zod'
import { idPattern } from '../id.ts'

/** Lists come in pages: `next` of an answer, as `after` of the next question. */
export const Page = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: z.string().regex(idPattern, 'is no cursor of an answer').optional(),
})

export const Next = z.string().nullable()

/** @param rows asked for with a limit of one more than `limit`, which tells whether there are more */
export function paged<T extends { id: string }>(
  rows: readonly T[],
  limit: number,
): { items: T[]; next: string | null } {
  const items = rows.slice(0, limit)
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

export const Id = z.string().regex(idPattern, 'is no id')
/** A line that a person wrote. */
export const Line = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'is no text on one line')
export const Time = z.int().min(0).max(8_640_000_000_000_000)
export const OrganisationName = z
  .string()
  .regex(/^[\w.-]{1,100}$/, 'is no name of an owner of repositories')
export const OfOrganisation = z.object({ org: OrganisationName })
