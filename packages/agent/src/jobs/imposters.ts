import type { EventStream } from '../event-stream.ts'
import type { KnownJob } from './job-file.ts'

/** Tells which actions of the workflow are of nobody that they say they are of. */
export function tellImposters(stream: EventStream, { action, request }: KnownJob): void {
  for (const { uses, repository } of request.imposters.slice(0, most))
    stream.emit({
      kind: 'detection',
      time: Date.now(),
      execId: null,
      step: action,
      id: 'imposter-commit',
      severity: 'high',
      title: `${uses.slice(0, 200)} is no commit of ${repository.slice(0, 100)}`,
      text: `No branch and no tag of ${repository} leads to the commit that the workflow pins. GitHub gives commits of forks by the name of the repository that was forked: anybody can have made this one. Do not run it before somebody has read it; pin a commit that a tag of the repository leads to. A commit of a branch that was deleted, or of history that was written anew, looks the same.`,
      evidence: [],
    })
}

/** Of a workflow. */
const most = 40
