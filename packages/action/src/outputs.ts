import { randomUUID } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs'

/** The runner's file for something is missing, or cannot be written. */
export class OutputError extends Error {
  readonly code = 'OUTPUT_FAILED'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OutputError'
  }
}

/** What the action gives to later steps: `steps.ID.outputs.NAME`. @throws OutputError */
export function setOutput(name: string, value: string, env = process.env): void {
  append(env, 'GITHUB_OUTPUT', pair(name, value, 'GITHUB_OUTPUT'))
}

/** What pre leaves for main and post, and main for post. @throws OutputError */
export function saveState(name: string, value: string, env = process.env): void {
  append(env, 'GITHUB_STATE', pair(name, value, 'GITHUB_STATE'))
}

/** What an earlier stage saved; empty: nothing. */
export function readState(name: string, env = process.env): string {
  return env[`STATE_${name}`] ?? ''
}

/** Adds Markdown to the job's summary. @throws OutputError */
export function appendSummary(markdown: string, env = process.env): void {
  append(env, 'GITHUB_STEP_SUMMARY', markdown.endsWith('\n') ? markdown : `${markdown}\n`)
}

/** `name<<DELIMITER`, the value's lines, the delimiter, which nobody can foresee. */
function pair(name: string, value: string, file: string): string {
  const delimiter = `runwarden_${randomUUID()}`
  if (!/^[A-Za-z_][\w-]*$/.test(name))
    throw new OutputError(`'${name}' is no name that ${file} can hold`)
  if (value.includes(delimiter))
    throw new OutputError(`the value of ${name} holds the delimiter that was drawn for ${file}`)
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
}

function append(env: NodeJS.ProcessEnv, variable: string, text: string): void {
  const path = env[variable] ?? ''
  if (path === '')
    throw new OutputError(
      `${variable} is not set: this program is started by a GitHub Actions runner, as an action`,
    )
  try {
    // The runner made the file. Another in its place, a pipe that nobody reads for one, is not waited for.
    const file = openSync(
      path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    try {
      if (!fstatSync(file).isFile()) throw new Error('it is no regular file')
      writeFileSync(file, text)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new OutputError(`the runner's file of ${variable} cannot be written: ${why}`, error)
  }
}
