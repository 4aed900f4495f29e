/** Who tries: an account with no rights, or root inside of the job. */
export type Attacker = 'user' | 'root'

/**
 * What comes of a technique. `held`: nothing left the machine, and the program was told at once.
 * `told`: it worked, or took protection away, and the report cannot hide it. `not-held`: neither.
 */
export type Result = 'held' | 'told' | 'not-held'

/** A result other than held: why, and what the reader can do about it. */
export interface Open {
  result: Exclude<Result, 'held'>
  why: string
  advice: string
  /** Whether it works is a race with the repair: at best it is held. */
  race?: boolean
}

/**
 * One technique. `attempt` and `twin` are shell scripts, run as the steps of one job; see README.md for the
 * environment that they get. They must end by themselves, and at once when they are refused.
 */
export interface Case {
  /** Unique; names the case in results and tests. */
  id: string
  /** For a reader of the table. */
  technique: string
  /** Default: both, by the same script. */
  as?: readonly Attacker[]
  attempt: string
  /** The legitimate use of the same tool under the same policy; default: the attempt's own script, towards what is allowed. */
  twin?: string
  /** What shows that something came of it: its mark at the far end (default), or that the script succeeded. */
  shows?: 'status'
  /** Addresses where nothing may arrive, beside the case's own. */
  targets?: readonly string[]
  /** Runs on the runner outside of the scope while the job does; says `ready` when it is. */
  outside?: string
  /** Runs at the internet's end; says `ready` when it is. */
  internet?: string
  /** Without Runwarden it arrives; where it cannot, why (then no control is run). */
  cannot?: string
  /**
   * Nobody could do it on the machines that build and test this project, with or without Runwarden: `cannot` says why,
   * and nothing is claimed. It is tried in guests, whose kernels and programs are others.
   */
  impossible?: boolean
  /** It has a run of its own, since it takes away what others need. */
  alone?: boolean
  /** Another suite runs it, since it needs an engine, a virtual machine or an account of its own: the test's file. */
  elsewhere?: string
  /** Which part stops it. */
  by: string
  /** Why the report has nothing to tell of it, when it has not. */
  silent?: string
  user?: Open
  root?: Open
  /** Why it comes out worse in a guest than at T0, and what to do. */
  guests?: string
}

/** The cases of one row of the list of ways round. */
export interface Row {
  row: number
  title: string
  cases: readonly Case[]
}

export function attackersOf({ as = ['user', 'root'] }: Case): readonly Attacker[] {
  return as
}

/** What must come of it at tier T0, in a scope of `runwarden run`. */
export function expectedOf(one: Case, attacker: Attacker): Result {
  return one[attacker]?.result ?? 'held'
}
