import type { Problem } from '../error.ts'
import type { ReadFinish } from './read-finish.ts'
import type { AskedWhy, SaidWhy } from './why.ts'

/** What the thread does, each with what it is given and what it makes of it. */
export interface AsideWork {
  /** The body of `POST /v1/jobs/:id/finish`. */
  finish: { given: Uint8Array; made: ReadFinish }
  /** A policy that somebody wants to save or try. */
  check: { given: { text: string; name: string }; made: string[] }
  why: { given: AskedWhy; made: SaidWhy }
}

export type AsideAsk = {
  [K in keyof AsideWork]: { kind: K; given: AsideWork[K]['given'] }
}[keyof AsideWork]

export type AsideTold =
  | { made: AsideWork[keyof AsideWork]['made'] }
  /** An HttpError. */
  | { refused: { status: number; code: string; message: string; where: readonly Problem[] } }
  /** A fault of the server. */
  | { failed: unknown }
