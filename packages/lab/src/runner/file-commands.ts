import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunnerError } from './error.ts'

/** The files of each kind, by what their names begin with. */
const prefixes = {
  env: 'set_env',
  path: 'add_path',
  output: 'set_output',
  state: 'save_state',
  step_summary: 'step_summary',
} as const
type Kind = keyof typeof prefixes
const kinds = Object.keys(prefixes) as Kind[]

/** GitHub's limit of a step's summary, in bytes. */
const SUMMARY_MAX = 1024 * 1024

/** What a step told the runner through GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT, GITHUB_STATE and GITHUB_STEP_SUMMARY. */
export interface Told {
  env: Record<string, string>
  paths: string[]
  outputs: Record<string, string>
  state: Record<string, string>
  summary: string
}

export interface Taken {
  told: Told
  /** For annotations. */
  problems: string[]
  /** A file is not in the form that GitHub documents. */
  failed: boolean
}

/** The files of one step's commands, empty when it begins. */
export class FileCommands {
  readonly #files: Readonly<Record<Kind, string>>

  /** @param temp the runner's temporary folder */
  constructor(temp: string) {
    const folder = join(temp, '_runner_file_commands')
    mkdirSync(folder, { recursive: true })
    const id = randomUUID()
    const at = (kind: Kind): string => {
      const path = join(folder, `${prefixes[kind]}_${id}`)
      writeFileSync(path, '')
      return path
    }
    this.#files = {
      env: at('env'),
      path: at('path'),
      output: at('output'),
      state: at('state'),
      step_summary: at('step_summary'),
    }
  }

  /** GITHUB_ENV and its kind. @param inside the path that a file has where the step runs */
  environment(inside: (path: string) => string = (path) => path): Record<string, string> {
    return Object.fromEntries(
      kinds.map((kind) => [`GITHUB_${kind.toUpperCase()}`, inside(this.#files[kind])]),
    )
  }

  /** Each file by itself: of one that is wrong the others are taken all the same. */
  read(): Taken {
    const problems: string[] = []
    let failed = false
    const take = <T>(kind: Kind, parse: (text: string) => T): T => {
      try {
        return parse(this.#text(kind))
      } catch (error) {
        if (!(error instanceof RunnerError)) throw error
        failed = true
        problems.push(`Unable to process file command '${kind}' successfully.`, error.message)
        return parse('')
      }
    }
    const told = {
      env: take('env', (text) => parsePairs(text, 'GITHUB_ENV')),
      paths: take('path', (text) => text.split(/\r?\n/).filter(Boolean)),
      outputs: take('output', (text) => parsePairs(text, 'GITHUB_OUTPUT')),
      state: take('state', (text) => parsePairs(text, 'GITHUB_STATE')),
      summary: this.#text('step_summary'),
    }
    const size = Buffer.byteLength(told.summary)
    if (size > SUMMARY_MAX) {
      const [most, got] = [SUMMARY_MAX, size].map((bytes) => Math.trunc(bytes / 1024))
      problems.push(
        `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of ${most}k, got ${got}k.`,
      )
      told.summary = ''
    }
    return { told, problems, failed }
  }

  /** A step may have removed a file: then it has said nothing. */
  #text(kind: Kind): string {
    const path = this.#files[kind]
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
}

/** `name=value` lines, and `name<<DELIMITER` with lines up to the delimiter. */
export function parsePairs(text: string, file: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  const lines = text.split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (heredoc > 0 && (equals < 0 || heredoc < equals)) {
      const delimiter = line.slice(heredoc + 2)
      const end = lines.indexOf(delimiter, index + 1)
      if (delimiter === '' || end < 0)
        throw new RunnerError(
          `${file}, line ${index + 1}: the value does not end with its delimiter '${delimiter}'`,
        )
      pairs[line.slice(0, heredoc)] = lines.slice(index + 1, end).join('\n')
      index = end
    } else if (equals > 0) pairs[line.slice(0, equals)] = line.slice(equals + 1)
    else throw new RunnerError(`${file}, line ${index + 1}: '${line}' is not name=value`)
  }
  return pairs
}
