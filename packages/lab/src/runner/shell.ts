import { randomUUID } from 'node:crypto'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { RunnerError } from './error.ts'

/** The command lines that `shell:` stands for; {0} is the script's file. */
const templates: Readonly<Record<string, { line: string; extension: string }>> = {
  bash: { line: 'bash --noprofile --norc -eo pipefail {0}', extension: '.sh' },
  sh: { line: 'sh -e {0}', extension: '.sh' },
  python: { line: 'python {0}', extension: '.py' },
  pwsh: { line: 'pwsh -command ". \'{0}\'"', extension: '.ps1' },
}

/** What the runner says of a script that has failed. */
export function exitCode(status: string): string {
  return `Process completed with exit code ${status}.`
}

/** What a step without `shell:` is run by. */
const unnamed = { line: 'bash -e {0}', extension: '.sh' }

/**
 * Writes the script of a `run:` step to the runner's temporary folder.
 * @param inside the path that the script has where the step runs
 * @returns the command line that runs it
 */
export function scriptCommand(
  script: string,
  shell: string | undefined,
  temp: string,
  inside: (path: string) => string = (path) => path,
): [string, ...string[]] {
  const { line, extension } =
    shell === undefined
      ? unnamed
      : (templates[shell] ??
        (shell.includes('{0}') ? { line: shell, extension: '' } : undefined) ?? {
          line: '',
          extension: '',
        })
  if (line === '')
    throw new RunnerError(
      `shell '${String(shell)}' is unknown: name ${Object.keys(templates).join(', ')}, or a command with {0} for the script`,
    )
  const path = join(temp, `${randomUUID()}${extension}`)
  writeFileSync(path, script.endsWith('\n') ? script : `${script}\n`)
  const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replaceAll('"', '').replaceAll('{0}', inside(path)),
  )
  const [program = 'bash', ...args] = words
  return [program, ...args]
}

/** The file of a program, as the runner finds it: in the folders of PATH. */
export function findProgram(name: string, path: string | undefined): string {
  if (isAbsolute(name)) return name
  for (const folder of (path ?? '').split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // The next folder.
    }
  }
  throw new RunnerError(`${name}: command not found in PATH`)
}
