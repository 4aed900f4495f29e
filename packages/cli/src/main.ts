import { enableCompileCache } from 'node:module'
import './inherited.ts'
import { UsageError, nearest } from './options.ts'

// Node keeps what it compiled, types already stripped: the next start takes half the time.
enableCompileCache(process.env['RUNWARDEN_COMPILE_CACHE'] ?? '/var/cache/runwarden')

interface Command {
  summary: string
  /** Loads the command; each brings only the modules that it needs. */
  load: () => Promise<{ main: (words: string[]) => Promise<number> }>
}

const commands: Readonly<Record<string, Command>> = {
  run: { summary: 'run a command, watched and under policy', load: () => import('./run.ts') },
  agent: {
    summary: 'watch cgroups or the whole machine, each under a policy, until stopped',
    load: () => import('./agent.ts'),
  },
  doctor: {
    summary: 'say what this machine can do, and what to change',
    load: () => import('./doctor.ts'),
  },
  rules: {
    summary: 'check, test and list rules of detections',
    // It is none of those that wait for anything.
    load: async () => {
      const { main: run } = await import('./rules.ts')
      return { main: async (words) => run(words) }
    },
  },
  policy: { summary: 'check, explain and simulate policies', load: () => import('./policy.ts') },
  server: {
    summary: 'start a control plane: agents report to it and take policies from it',
    load: () => import('./server.ts'),
  },
}

const help = `runwarden: runtime security for CI runners

Usage: runwarden COMMAND [OPTIONS]

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

runwarden COMMAND --help says more of each. runwarden --version prints the version.`

async function main(words: string[]): Promise<number> {
  if (words[0] === 'help' && words[1] !== undefined) return main([words[1], '--help'])
  const [word, ...rest] = words
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    console.log(help)
    return word === undefined ? 2 : 0
  }
  if (word === '--version') {
    const { version } = await import('./version.ts')
    console.log(version)
    return 0
  }
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined
  if (command === undefined) {
    const meant = nearest(word, Object.keys(commands))
    throw new UsageError(
      `there is no command '${word}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    )
  }
  return (await command.load()).main(rest)
}

/** Whose help helps with a mistake on the command line. */
function usage(word = ''): string {
  return Object.hasOwn(commands, word) ? `runwarden ${word} --help` : 'runwarden --help'
}

/** Our own failures end with 125, as those of env(1) or timeout(1) do: no command of the job ends so by chance. */
const failed = 125

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const said = error instanceof Error ? error.message : String(error)
  process.stderr.write(`runwarden: ${said}\n`)
  if (error instanceof UsageError)
    process.stderr.write(`runwarden: '${usage(process.argv[2])}' shows what there is\n`)
  else if (
    error instanceof Error &&
    'advice' in error &&
    typeof error.advice === 'string' &&
    error.advice !== ''
  ) {
    process.stderr.write(`runwarden: ${error.advice}\n`)
  } else if (!(error instanceof Error && 'code' in error)) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : ''}\n`)
  }
  process.exitCode = failed
}
