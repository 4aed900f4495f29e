import type { Severity } from './words.ts'

/**
 * Whether a detection says that somebody laid hands on what enforces or records: no record of such a run can be relied on. A search
 * through the agent's folder (info) lays hands on nothing. (No imports: the report page loads this file alone.)
 */
export function isTampering({ id, severity }: { id: string; severity: Severity }): boolean {
  return id === 'agent-tampered' && severity !== 'info'
}

/** The room that a detection has in a bounded list: a flood of one class never pushes out another, and least of all tampering. */
export function roomOf(found: { id: string; severity: Severity }): string {
  return isTampering(found) ? `tampering ${found.severity}` : found.severity
}
