import { baseName } from './fields.ts'

/** Options of an interpreter that say where its script is not. */
interface Options {
  /** The next argument is theirs. */
  readonly valued: readonly string[]
  /** What follows is the script, or the module. */
  readonly naming: readonly string[]
  /** What follows is a program's text. */
  readonly code: readonly string[]
}

const javascript: Options = {
  valued: ['-r', '--require', '--import', '--loader', '--experimental-loader', '--preload'].concat([
    '-C',
    '--conditions',
    '--env-file',
    '--cwd',
    '--title',
  ]),
  naming: [],
  code: ['-e', '-p', '-pe', '--eval', '--print'],
}
const javaValued = ['-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-modules']

/** By the program's name without its version. */
const interpreters: Readonly<Record<string, Options>> = {
  node: javascript,
  nodejs: javascript,
  bun: javascript,
  deno: javascript,
  python: { valued: ['-W', '-X'], naming: ['-m'], code: ['-c'] },
  pypy: { valued: ['-W', '-X'], naming: ['-m'], code: ['-c'] },
  ruby: { valued: ['-I', '-r', '-C', '-E'], naming: [], code: ['-e'] },
  perl: { valued: ['-I'], naming: [], code: ['-e', '-E'] },
  php: { valued: ['-d', '-c'], naming: ['-f'], code: ['-r'] },
  java: {
    valued: [...javaValued, '--add-opens', '--add-exports', '--add-reads'],
    naming: ['-jar', '-m', '--module'],
    code: [],
  },
  dotnet: { valued: ['--runtimeconfig', '--depsfile', '--fx-version'], naming: ['exec'], code: [] },
}

/**
 * What an interpreter was told to run: its script, Python's module, Java's class or archive; a command of bun and dotnet with their name
 * (`bun install`). Empty: it is no interpreter, runs what its arguments or its input hold, or nobody knows.
 */
export function scriptOf(exe: string, argv: readonly string[]): string {
  const kind = /^([a-z]+)[\d.]*$/.exec(baseName(exe))?.[1] ?? ''
  const options = Object.hasOwn(interpreters, kind) ? interpreters[kind] : undefined
  if (options === undefined) return ''
  const isPython = kind === 'python' || kind === 'pypy'
  for (let at = 1; at < argv.length; at++) {
    const [option, value] = isPython ? ofCluster(argv[at]!) : [argv[at]!]
    if (option === '-' || options.code.includes(option)) return ''
    if (options.naming.includes(option)) {
      // Options of its own stand between dotnet's word and its script.
      if (option !== 'exec') return value ?? argv[at + 1] ?? ''
    } else if (options.valued.includes(option)) at += value === undefined ? 1 : 0
    else if (!/^[-@]/.test(option)) {
      const isCommand = (kind === 'bun' || kind === 'dotnet') && !/[./]/.test(option)
      return isCommand ? `${kind} ${option}` : option
    }
  }
  return ''
}

/** Python takes short options in one word, and the value of the last of them, too: `-sm pip`, `-Impip`. */
function ofCluster(word: string): [option: string, value?: string] {
  const [, option, value] = /^-[a-zA-Z]*?([mcWX])(.*)$/s.exec(word) ?? []
  if (option === undefined) return [word]
  return value === '' || value === undefined ? [`-${option}`] : [`-${option}`, value]
}
