import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { AgentError, messageOf, uncountedPrograms } from '@runwarden/agent'
import {
  compile,
  explain,
  formatExplanation,
  parseBlockList,
  parseEndpoint,
  readRecorded,
  simulate,
  type RecordedEvent,
} from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { plain } from '@runwarden/events/plain'
import { UsageError, describeOptions, nearest, parseOptions, type OptionTable } from './options.ts'
import { readNamedFile } from './run-files.ts'

const common = {
  policy: { type: 'text', value: 'FILE', help: 'the policy document' },
  'block-list': {
    type: 'text',
    value: 'FILE',
    help: 'a block list (JSON), which comes before every line of the policy',
  },
  json: { type: 'flag', help: 'print JSON' },
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable

const explainOnly = {
  exe: {
    type: 'text',
    value: 'PATH',
    help: 'the program that would connect (explain only); without it, lines narrowed to programs allow nothing',
  },
  step: {
    type: 'text',
    value: 'ID',
    help: 'the step that would connect (explain only); without it, lines narrowed to steps allow nothing',
  },
} as const satisfies OptionTable

const help = `Works on policies without running anything.

Usage:
  runwarden policy check FILE                         is it valid, and what is probably not meant?
  runwarden policy explain --policy FILE ENDPOINT …   which line decides about an endpoint, and why
  runwarden policy simulate --policy FILE DIR …       what the policy would have blocked in recorded
                                                      runs (the folders that run --out left)

Options:
${describeOptions({ ...common, ...explainOnly })}

explain and simulate end with 1 when something is or would have been refused; 125 means that a file
could not be read or is invalid.`

/** `runwarden policy` */
export async function main(words: string[]): Promise<number> {
  const [word = '--help', ...rest] = words
  if (word === '--help' || word === '-h') {
    console.log(help)
    return words.length === 0 ? 2 : 0
  }
  const verbs: Record<string, (words: string[]) => number | Promise<number>> = {
    check,
    explain: explainEndpoints,
    simulate: simulateRuns,
  }
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined
  if (verb === undefined) {
    const meant = nearest(word, Object.keys(verbs))
    throw new UsageError(
      `policy has no '${word}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    )
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(help)
    return 0
  }
  return verb(rest)
}

function load(
  options: { policy: string | undefined; 'block-list': string | undefined },
  verb: string,
) {
  if (options.policy === undefined) throw new UsageError(`policy ${verb} needs --policy FILE`)
  const policy = parsePolicy(readNamedFile(options.policy, 'policy'), options.policy)
  const list = options['block-list']
  const blockList =
    list === undefined ? undefined : parseBlockList(readNamedFile(list, 'block list'), list)
  return { policy, blockList }
}

function check(words: string[]): number {
  const { options, rest } = parseOptions(common, words)
  const [file = options.policy, ...more] = rest
  if (file === undefined || more.length > 0)
    throw new UsageError('policy check needs one file: runwarden policy check FILE')
  const { policy, blockList } = load({ policy: file, 'block-list': options['block-list'] }, 'check')
  const compiled = compile(policy, blockList)
  const warnings = [...compiled.warnings, ...uncountedPrograms(compiled)]
  if (options.json) {
    const { egress, failMode, rules, filesUnwatched } = compiled
    console.log(
      JSON.stringify(
        {
          file,
          egress,
          failMode,
          rules,
          blocked: compiled.blockEntries.length,
          filesUnwatched,
          warnings,
        },
        null,
        2,
      ),
    )
  } else {
    for (const sentence of warnings) console.log(sentence)
    const blocked =
      compiled.blockEntries.length === 0
        ? ''
        : `, ${compiled.blockEntries.length} on the block list`
    console.log(
      `${file}: valid; egress ${compiled.egress}, fail-mode ${compiled.failMode}, ${compiled.rules.length} allowed ${compiled.rules.length === 1 ? 'endpoint' : 'endpoints'}${blocked}`,
    )
  }
  return 0
}

function explainEndpoints(words: string[]): number {
  const { options, rest } = parseOptions({ ...common, ...explainOnly }, words)
  if (rest.length === 0)
    throw new UsageError(
      'policy explain needs an endpoint: runwarden policy explain --policy FILE registry.example.org:443',
    )
  const { policy, blockList } = load(options, 'explain')
  const explanations = rest.map((text) =>
    explain(policy, parseEndpoint(text), blockList, { exe: options.exe, step: options.step }),
  )
  if (options.json) console.log(JSON.stringify(explanations, null, 2))
  else process.stdout.write(explanations.map(formatExplanation).join('\n'))
  return explanations.every(({ verdict }) => verdict === 'allowed') ? 0 : 1
}

/** The network events of a run's folder, or of an events file. */
async function readEvents(path: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  try {
    const file = statSync(path).isDirectory() ? join(path, 'events.ndjson') : path
    let line = 0
    for await (const text of createInterface({
      input: createReadStream(file),
      crlfDelay: Infinity,
    })) {
      line++
      if (text === '') continue
      try {
        const event = readRecorded(text)
        if (event !== undefined) events.push(event)
      } catch {
        throw new AgentError(
          'EVENTS',
          `${file}:${line}: not an event`,
          'give the folder that a run left; a run that was killed may leave half a last line: remove that',
        )
      }
    }
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError(
      'EVENTS',
      `cannot read the run ${path}: ${messageOf(error)}`,
      'give the folder that runwarden run --out left',
      { cause: error },
    )
  }
  return events
}

/** An IPv6 address as it stands before a port. */
function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** Some of them. */
function unaskedWords(places: readonly string[]): string {
  const more = places.length > 5 ? ` and ${places.length - 5} more` : ''
  return `${plain(places.slice(0, 5).join(', '), 500)}${more}`
}

async function simulateRuns(words: string[]): Promise<number> {
  const { options, rest } = parseOptions(common, words)
  if (rest.length === 0)
    throw new UsageError(
      'policy simulate needs a recorded run: runwarden policy simulate --policy FILE DIR',
    )
  const { policy, blockList } = load(options, 'simulate')
  // The question is what blocking would do, whatever the document says today.
  const compiled = compile({ ...policy, egress: 'block' }, blockList)
  const events: RecordedEvent[] = []
  for (const path of rest) for (const event of await readEvents(path)) events.push(event)
  const result = simulate(compiled, events)
  if (options.json) {
    console.log(JSON.stringify(result, null, 2))
  } else {
    for (const { name, now, reason, count } of result.names.filter(
      (entry) => entry.now !== 'allowed',
    )) {
      console.log(`${now}  name ${plain(name, 200)}  ${count}×  ${plain(reason)}`)
    }
    for (const entry of result.destinations.filter(({ now }) => now !== 'allowed')) {
      const where =
        entry.address === ''
          ? entry.protocol
          : `${plain(entry.host ?? bracketed(entry.address), 200)}:${entry.port}/${entry.protocol}`
      console.log(`${entry.now}  ${where}  ${entry.count}×  ${plain(entry.reason)}`)
    }
    for (const { now, method, host, path, count, reason } of result.requests.filter(
      (entry) => entry.now !== 'allowed',
    ))
      console.log(
        `${now}  ${plain(method, 40)} ${plain(host, 200)}${plain(path, 300)}  ${count}×  ${plain(reason)}`,
      )
    for (const host of result.unread)
      console.log(
        `not tried  ${plain(host, 200)}  it has HTTPS rules, and the record has none of its requests`,
      )
    if (result.unasked.length > 0)
      console.log(
        `not tried  ${unaskedWords(result.unasked)}  whether connections there ask for that name (TLS SNI, HTTP Host): no line of the policy of the time had it, and none was judged by it`,
      )
    console.log(
      `${rest.length === 1 ? 'the run' : `${rest.length} runs`}: ${result.events} queries, attempts and requests, ${result.refused} of them would be refused`,
    )
  }
  return result.refused + result.unread.length > 0 ? 1 : 0
}
