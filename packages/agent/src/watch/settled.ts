import type { CompiledPolicy } from '@runwarden/policy'

/** What a job loses, and how it is watched, is settled when it is armed. */
const settled = ['hardening', 'lockdown', 'filesUnwatched', 'failMode'] as const

/**
 * A policy for a job that runs already.
 * @param first the one that the job was armed with
 * @returns it, with what stays as it was at the job's start, and a sentence where that is not what it says
 */
export function settledAs(
  next: CompiledPolicy,
  first: CompiledPolicy,
): { compiled: CompiledPolicy; otherwise: string | null } {
  const { hardening, lockdown, filesUnwatched, failMode } = first
  const differ = settled.filter((key) =>
    key === 'filesUnwatched'
      ? (next[key] === null) !== (first[key] === null)
      : String(next[key]) !== String(first[key]),
  )
  return {
    compiled: { ...next, hardening, lockdown, filesUnwatched, failMode },
    otherwise:
      differ.length === 0
        ? null
        : `of the new policy ${differ.map((key) => words[key]).join(', ')} hold from the next job on: that is settled when a job is armed`,
  }
}

const words = {
  hardening: 'disable-sudo',
  lockdown: 'lockdown',
  filesUnwatched: 'disable-file-monitoring',
  failMode: 'fail-mode',
}
