import type { Event } from '@runwarden/events'
import { Engine } from './engine.ts'
import type { ProcessFacts } from './process-view.ts'
import type { Rule, RuleSet, RuleTest, TestEvent } from './rule.ts'

/** What came of one test of a rule. */
export interface TestResult {
  readonly rule: Rule
  readonly test: RuleTest
  /** Findings of the rule. */
  readonly found: number
  /** Conditions that had no value. */
  readonly failures: readonly string[]
}

/** Runs the tests of some rules of a set; memories work as they do in a job. */
export function runTests(set: RuleSet, rules: readonly Rule[] = set.rules): TestResult[] {
  return rules.flatMap((rule) =>
    rule.tests.map((test) => ({ rule, test, ...runTest({ ...set, rules: [rule] }, test) })),
  )
}

function runTest(set: RuleSet, test: RuleTest): { found: number; failures: string[] } {
  const failures: string[] = []
  const processes = new Map<string, ProcessFacts>(
    test.processes.map((process, index) => [
      process.name,
      {
        ...process,
        execId: process.name,
        pid: 1000 + index,
        parentExecId: process.parent,
        readers: test.processes.flatMap(({ name, feeders }) =>
          feeders.includes(process.name) ? name : [],
        ),
      },
    ]),
  )
  let target: string | null = null
  const engine = new Engine(
    { ...set, suppressions: [] },
    {
      world: {
        process: (execId) => processes.get(execId ?? ''),
        target: () => processes.get(target ?? ''),
      },
      onGap: (text) => failures.push(text),
    },
  )
  let found = 0
  for (const [index, event] of test.events.entries()) {
    target = event.target
    if (event.kind === 'process.exec') runs(processes, event)
    const { writer, unseen, importLines, logins = importLines } = event.fields
    found += engine.see(eventOf(event, index + 1, processes.get(event.by ?? '')?.step), {
      writer: typeof writer === 'string' ? writer : '',
      unseen: unseen === true,
      notable: typeof logins === 'string' ? logins : '',
    }).length
  }
  return { found, failures }
}

/** What an event has that nothing is said of. */
const nothing = {
  errno: 0,
  truth: 'kernel',
  argv: [],
  addresses: [],
  cnames: [],
  path: '',
  to: '',
  address: '',
  port: 0,
  protocol: 'tcp',
  verdict: 'allowed',
  host: null,
  exe: '',
  name: '',
  detail: '',
}

/** The event of a test, whole: what is not said is empty. */
function eventOf(
  { kind, by, at, fields }: TestEvent,
  seq: number,
  step: string | null = null,
): Event {
  const said = { ...nothing, ...fields }
  const event = {
    seq,
    time: at * 1000,
    scope: 'test',
    execId: by,
    step: step ?? 'test',
    ...said,
    kind,
  }
  if (kind === 'file.changed') Object.assign(event, changedOf(fields))
  if (fields['change'] === 'container') Object.assign(event, { container: containerOf(fields) })
  return event as unknown as Event
}

/** What rules see flat, as the event has it. */
function changedOf({
  writer,
  writerCommand,
  writerStep,
  before,
  after,
}: TestEvent['fields']): object {
  return {
    writer:
      writer === undefined
        ? null
        : { exe: writer, command: writerCommand ?? '', step: writerStep ?? null },
    content: { before: before ?? null, after: after ?? null },
  }
}

function containerOf({ capabilities, ownUsers, seccomp, shares, mounts }: TestEvent['fields']) {
  const paths = Array.isArray(mounts) ? mounts : []
  return {
    capabilities: capabilities ?? [],
    ownUsers: ownUsers ?? false,
    seccomp: seccomp ?? 'filter',
    shares: shares ?? [],
    mounts: paths.map((from: unknown) => ({ from })),
  }
}

/** An exec changes what its process runs, before rules see it. */
function runs(processes: Map<string, ProcessFacts>, { by, fields }: TestEvent): void {
  const process = processes.get(by ?? '')
  if (process === undefined) return
  const { exe, argv, stdio } = fields
  const [input, output] = Array.isArray(stdio) ? stdio.map(String) : []
  processes.set(process.execId, {
    ...process,
    ...(typeof exe === 'string' ? { exe } : {}),
    ...(Array.isArray(argv) ? { argv: argv.map(String) } : {}),
    // Where nothing else is said, each process has been given its own.
    ...(talks(input) && process.input === undefined ? { input: `${process.execId} 0` } : {}),
    ...(talks(output) && process.output === undefined ? { output: `${process.execId} 1` } : {}),
  })
}

const talks = (kind: string | undefined): boolean =>
  kind !== undefined && !['closed', 'file', 'directory', 'other'].includes(kind)
