import type { Event } from '@runwarden/events'
import type { EventStream } from '../event-stream.ts'

export interface LastStageParts {
  /** GITHUB_ACTION of the action's steps: in a composite action others have the same. */
  action: string
  /** The stage's script. */
  post: string
  /** It has ended, and has never asked for the report. */
  onSilent: (event: Event) => void
}

/**
 * The action's post stage tells what the job did, and fails it. A step can have that never happen: by a library that the runner
 * then loads into it, by the action's own files, by the state that the runner keeps for it. Here is seen that it ended without.
 */
export class LastStage {
  readonly #parts: LastStageParts
  /** Of a post that is the action's or a sibling's: the program that it runs tells. */
  #begun: string | null = null
  #process: string | null = null
  #late = false
  /** The report was asked for. */
  hasAsked = false

  constructor(parts: LastStageParts) {
    this.#parts = parts
  }

  /** It began before this agent was there: it is told so when it asks, and fails then. @param execId null: it has not begun */
  isUnderWay(execId: string | null): void {
    this.#process = execId
    this.#late = execId !== null
  }

  readonly see = (event: Event): void => {
    const { action, post, onSilent } = this.#parts
    if (event.kind === 'step.start' && event.step === action && event.stage === 'post')
      this.#begun = event.execId
    if (event.kind === 'process.exec' && event.execId === this.#begun && event.argv[1] === post)
      this.#process = event.execId
    if (event.kind !== 'process.exit' || event.execId !== this.#process || this.#process === null)
      return
    this.#process = null
    const hasFailed = this.#late && event.code !== 0
    if (!this.hasAsked && !hasFailed) onSilent(event)
  }
}

/** Tells in the job's record that nobody was told of it. @param ended the job's worker is ended for it */
export function tellSilence(
  stream: EventStream,
  { execId, step, seq }: Event,
  ended: boolean,
): void {
  stream.emit({
    kind: 'detection',
    time: Date.now(),
    execId,
    step,
    id: 'agent-tampered',
    severity: 'critical',
    title: "the action's last stage ended without telling what the job did",
    text: `It never asked for the report, so the job has no summary, and has not failed for what was found. A step can do that by LD_PRELOAD or NODE_OPTIONS in GITHUB_ENV, by the action's own files, and by the state that the runner keeps for it. ${ended ? "The runner's worker was ended: the job fails (fail-mode: closed)." : 'The job goes on (fail-mode: open).'} This record is the agent's own: look at what wrote to GITHUB_ENV and to the runner's files.`,
    evidence: [seq],
  })
}
