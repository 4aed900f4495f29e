import { z } from 'zod'
import { Verdict } from './words.ts'

/** Milliseconds since 1970, up to the last year of four digits: whoever shows a time need not ask whether it is one. */
export const latest = 253_402_300_799_999
/** Bytes, or packets: as many as a number says exactly. */
export const size = z.number().min(0).max(Number.MAX_SAFE_INTEGER)

/** What every event has. */
export const base = {
  /** Position in the run's stream, from 1, without gaps. Evidence refers to it. */
  seq: z.int().min(1),
  /** When it happened, milliseconds since the epoch with microsecond fraction (kernel clock). */
  time: z.number().min(0).max(latest),
  /** The scope's id. */
  scope: z.string(),
  /** Process identity: `<pid>-<start time, ns since boot>-<boot id, 8 hex>`; null: no process is known. */
  execId: z.string().nullable(),
  /**
   * Where that process is a fork that runs no program of its own, as a subshell is: the nearest ancestor that does. The program is
   * that one's.
   */
  forkOf: z.string().optional(),
  /** The id of the workflow step it belongs to; null: none is known. */
  step: z.string().nullable(),
  /** It was done before the steps, or behind them, by an action's own stage for that; missing: by its main, or not known. */
  phase: z.enum(['pre', 'post']).optional(),
}

/** What every event has that the policy decided about. */
export const decided = {
  verdict: Verdict,
  /** Why, for a person. */
  reason: z.string(),
  /** The policy line or block-list entry behind the verdict, e.g. `policy.yml:4 registry.example.org:443`. */
  rule: z.string().nullable(),
}
