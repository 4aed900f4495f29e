import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunnerError } from './error.ts'

const kinds = ['env', 'path', 'output', 'state', 'step_summary'] as const
type Kind = (typeof kinds)[number]

/** What a step told the runner through GITHUB_ENV, GITHUB_PATH, GITHUB_OUTPUT and GITHUB_STATE. */
export interface Told {
  env: Record<string, string>
  paths: string[]
  outputs: Record<string, string>
  state: Record<string, string>
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
      const path = join(folder, `${kind === 'path' ? 'add_path' : `set_${kind}`}_${id}`)
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

  /** @throws RunnerError for a file that is not in the form that GitHub documents */
  read(): Told {
    const text = (kind: Kind): string => readFileSync(this.#files[kind], 'utf8')
    return {
      env: parsePairs(text('env'), 'GITHUB_ENV'),
      paths: text('path').split(/\r?\n/).filter(Boolean),
      outputs: parsePairs(text('output'), 'GITHUB_OUTPUT'),
      state: parsePairs(text('state'), 'GITHUB_STATE'),
    }
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
