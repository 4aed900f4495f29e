import type { EventOf, ReportChange } from '@runwarden/events'

const order = { restored: 0, changed: 1, unknown: 2, unchanged: 3 } as const

/** What a person should look at first. */
export function byState(a: ReportChange, b: ReportChange): number {
  return order[a.state] - order[b.state]
}

/** The first of its kind. @param text bounds what comes from the job */
export function changeOf(
  event: EventOf<'file.changed'>,
  exe: string,
  text: (text: string) => string,
): ReportChange {
  const { path, state, ways, execId, step, writer, relation, content, dependency } = event
  return {
    path: text(path),
    state,
    ways: [...ways],
    execId,
    exe,
    step,
    writer: writer === null ? null : { exe: text(writer.exe), step: writer.step },
    relation,
    before: content.before,
    after: content.after,
    dependency: dependency === null ? null : text(dependency),
    count: 0,
  }
}
