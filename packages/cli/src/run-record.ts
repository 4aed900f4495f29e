import type { Event, Report, RunFacts } from '@runwarden/events'
import { inTurn, messageOf, OutputFolder, RotatingEvents, type Rotation } from '@runwarden/agent'
import type { ReportBuilder } from '@runwarden/report'
import { isatty } from 'node:tty'
import { writeText } from './terminal.ts'

const eventsName = 'events.ndjson'
/** How long an event waits for others to be written with it. */
const flushMs = 200

type ReportPackage = typeof import('@runwarden/report')

interface RecordStart {
  rotation?: Rotation
  made?: readonly string[]
  owner?: { uid: number; gid: number } | undefined
}

/** The record of a run: the events as they come, and the reports at its end. */
export class RunRecord {
  /** Something of the record could not be kept. */
  incomplete = false
  private readonly folder: OutputFolder | undefined
  private readonly events: RotatingEvents | undefined
  private readonly say: (text: string) => void
  private reports: ReportPackage | undefined
  private builder: ReportBuilder | undefined
  private lastSeq = 0
  /** Events from before the report package was loaded. */
  private waiting: Event[] = []
  private flushing = false
  /** Its files are. */
  private closed = false
  private flushingSoon = false
  /** Why there is no folder: nothing to say as long as there is no run. */
  private unsaid = ''

  private constructor(
    folder: OutputFolder | undefined,
    say: (text: string) => void,
    failure: string,
    rotation?: Rotation,
  ) {
    this.folder = folder
    this.say = say
    if (folder === undefined) {
      this.incomplete = true
      this.unsaid = failure
      return
    }
    this.events = new RotatingEvents({
      folder,
      name: eventsName,
      rotation,
      onFailure: (why) =>
        this.fail(`events can no longer be written: ${why}; the command goes on under its policy`),
      onDropped: (count) =>
        this.say(
          `RECORD SHORTENED: the oldest file of events was removed for its age, with ${count} events; copy ${folder.path} elsewhere more often to keep all`,
        ),
    })
  }

  /**
   * Never fails: without a folder the command is still protected, and the loss is told.
   * @param start.made what was made for the folder already, the outermost first
   * @param start.owner the command's account, where it has one of its own
   */
  static open(
    path: string,
    say: (text: string) => void,
    { rotation, made, owner }: RecordStart = {},
  ): RunRecord {
    try {
      return new RunRecord(OutputFolder.open(path, made, owner), say, '', rotation)
    } catch (error) {
      return new RunRecord(undefined, say, `cannot write to ${path}: ${messageOf(error)}`)
    }
  }

  /** Takes one event. Bound: it is handed around as a sink. */
  readonly add = (event: Event): void => {
    this.lastSeq = event.seq
    if (this.closed) return
    this.events?.add(JSON.stringify(event))
    // What has happened can be read while the job runs, and survives a kill of this process.
    if (!this.flushing) {
      this.flushing = true
      inTurn(flushMs, () => this.flush())
    }
    if (event.kind === 'detection') this.flushSoon()
    if (this.builder === undefined) this.waiting.push(event)
    else this.builder.add(event)
  }

  private flush(): void {
    this.flushing = false
    if (!this.closed) this.events?.flush()
  }

  /** Whoever follows the file sees a detection at once; those of one batch of records are one write. */
  private flushSoon(): void {
    if (this.flushingSoon) return
    this.flushingSoon = true
    setImmediate(() => {
      this.flushingSoon = false
      if (!this.closed) this.events?.flush()
    })
  }

  /** Loads the report package: once the command runs, so that it does not delay its start. */
  async load(): Promise<ReportPackage> {
    if (this.unsaid !== '') this.fail(this.unsaid)
    this.unsaid = ''
    if (this.reports !== undefined) return this.reports
    const reports = await import('@runwarden/report')
    if (this.builder === undefined) {
      this.reports = reports
      this.builder = new reports.ReportBuilder()
      for (const next of this.waiting) this.builder.add(next)
      this.waiting = []
    }
    return reports
  }

  /**
   * Loads the report package, and leaves a report that is true if this process does not come to its
   * end: the real one takes its place then.
   */
  readonly begin = async (facts: RunFacts): Promise<void> => {
    const { jsonParts, ReportBuilder } = await this.load()
    const builder = new ReportBuilder()
    builder.add(
      tampered(
        facts,
        1,
        'the agent was ended before the run was',
        'The agent was killed, or failed, while the command ran. The policy stays enforced on what still runs, and names do not resolve; what happened is in events.ndjson up to that moment, and no further.',
      ),
    )
    facts.health.gaps.push('the agent did not come to the end of this run: see events.ndjson')
    try {
      this.folder?.write('report.json', line(jsonParts(builder.build(facts))))
    } catch (error) {
      this.fail(`cannot write report.json: ${messageOf(error)}`)
    }
  }

  /** Writes the reports and says the summary. */
  async finish(facts: RunFacts, { quiet }: { quiet: boolean }): Promise<Report> {
    const { jsonParts, renderHtmlParts, renderSummary, renderTerminal } = await this.load()
    const changed = this.events?.tampering() ?? ''
    this.close()
    if (changed !== '' && this.events?.failure === '') {
      this.fail(`somebody else changed the record while the command ran: ${changed}`)
      this.builder?.add(
        tampered(
          facts,
          this.lastSeq + 1,
          'the record of the run was changed',
          `${changed}. This report is made of what the agent itself knows; events.ndjson is not to be trusted. Have the report in a folder that the job cannot write to (--out), and the job run as an ordinary user (--user).`,
        ),
      )
    }
    if (this.events !== undefined && this.events.failure !== '') {
      this.fail(`${this.events.lost} events are not in events.ndjson: ${this.events.failure}`)
      facts.health.eventsLost['written'] = this.events.lost
    }
    if (this.events !== undefined && this.events.dropped > 0)
      facts.health.gaps.push(
        `the oldest ${this.events.dropped} events are in the reports, and in no file of events any more`,
      )
    if (this.incomplete)
      facts.health.gaps.push('the files of the record are incomplete: see what was said on stderr')
    const report = this.build(facts)
    const files: [string, () => Iterable<string>][] = [
      ['report.json', () => line(jsonParts(report))],
      ['summary.md', () => [renderSummary(report)]],
      ['report.html', () => renderHtmlParts(report)],
    ]
    for (const [name, render] of files) {
      try {
        this.folder?.write(name, render())
      } catch (error) {
        const why = `cannot write ${name}: ${messageOf(error)}`
        this.fail(why)
        // For whoever waits for the report, and does not see stderr.
        facts.health.gaps.push(why)
      }
    }
    this.folder?.close()
    if (!quiet) {
      const atTerminal = isatty(2)
      const summary = renderTerminal(report, {
        color: atTerminal && process.env['NO_COLOR'] === undefined,
        width: atTerminal ? process.stderr.columns : 80,
        ...(this.folder === undefined ? {} : { out: this.folder.path }),
      })
      writeText(2, summary)
    }
    return report
  }

  /** Ends the builder: what it holds for more events is as large as the report, and no more needed. */
  private build(facts: RunFacts): Report {
    const builder = this.builder
    if (builder === undefined) throw new Error('the report was not begun')
    this.builder = undefined
    return builder.build(facts)
  }

  /** There will be no report: leaves what there is, and no folder of nothing. */
  abandon(): void {
    this.close()
    this.folder?.discard(eventsName)
  }

  private close(): void {
    this.closed = true
    this.events?.close()
  }

  private fail(text: string): void {
    this.incomplete = true
    this.say(`RECORD INCOMPLETE: ${text}`)
  }
}

function tampered(facts: RunFacts, seq: number, title: string, text: string): Event {
  return {
    seq,
    time: facts.endTime,
    scope: facts.scope,
    execId: null,
    step: facts.step,
    kind: 'detection',
    id: 'agent-tampered',
    severity: 'critical',
    title,
    text,
    evidence: [],
  }
}

function* line(parts: Iterable<string>): Generator<string> {
  yield* parts
  yield '\n'
}
