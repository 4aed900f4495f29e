import type { Report, ReportFile } from '@runwarden/events'

/** What one program did to places that are watched for one reason. */
export interface SensitiveActs {
  first: ReportFile
  /** Files beside the first. */
  others: number
}

/**
 * Acts on sensitive places, those on the fewest files first: a program that looks into every process (a runner at the end of
 * its job does) must not hide the one that reads a key.
 */
export function sensitiveActs(report: Report): SensitiveActs[] {
  const acts = new Map<string, SensitiveActs>()
  for (const file of report.files) {
    if (file.sensitive === null) continue
    const key = [file.action, file.sensitive, file.exe, file.errno === 0].join('\0')
    const known = acts.get(key)
    if (known === undefined) acts.set(key, { first: file, others: 0 })
    else known.others += 1
  }
  return [...acts.values()].toSorted((a, b) => a.others - b.others)
}
