import { baseName } from './fields.ts'

/** Programs that are many, by the name that they are called by: also as `busybox.static`, `busybox-x86_64`. */
const multiCall = /^(busybox|toybox|coreutils)(?![a-z])/

/**
 * Which tool runs, of a program that is many, and where its arguments begin; of any other its name. Arguments can say what they like:
 * for recognition, not for trust.
 */
export function toolOf(exe: string, argv: readonly string[]): string {
  return calledAs(exe, argv)?.tool ?? baseName(exe)
}

/** A tool's own arguments, without the words that chose it. */
export function wordsOf(exe: string, argv: readonly string[]): readonly string[] {
  return argv.slice(calledAs(exe, argv)?.words ?? 1)
}

function calledAs(
  exe: string,
  argv: readonly string[],
): { tool: string; words: number } | undefined {
  if (!multiCall.test(baseName(exe))) return undefined
  // A login shell has a dash before its name.
  const first = baseName(argv[0] ?? '').replace(/^-/, '')
  if (first !== '' && !multiCall.test(first)) return { tool: first, words: 1 }
  const second = argv[1] ?? ''
  // GNU coreutils, also as the interpreter of a script that has a tool's name.
  const chosen = /^--coreutils-prog(?:-shebang)?=(.+)$/.exec(second)?.[1] ?? second
  if (chosen === '' || chosen.startsWith('-')) return undefined
  return { tool: baseName(chosen), words: 2 }
}
