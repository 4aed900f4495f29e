import { once } from 'node:events'
import {
  administer,
  backup,
  type Config,
  ConfigError,
  readConfig,
  restore,
  settings,
  startServer,
} from '@runwarden/server'
import { describeOptions, nearest, type OptionTable, parseOptions, UsageError } from './options.ts'
import { version } from './version.ts'

const config = {
  config: { type: 'text', value: 'FILE', help: 'settings, by the same names (YAML)' },
} as const satisfies OptionTable

/** Of one verb each. */
const only = {
  to: { type: 'text', value: 'DIR', help: 'where the backup goes; not there yet (backup only)' },
  from: { type: 'text', value: 'DIR', help: 'the backup (restore only)' },
  organisation: { type: 'text', value: 'NAME', help: 'whose key it is (key only)' },
  role: {
    type: 'choice',
    choices: ['agent', 'viewer', 'editor', 'admin'],
    default: 'agent',
    help: 'what the key may: start jobs and nothing else, or as people of that role (key only)',
  },
  name: { type: 'text', value: 'TEXT', default: 'command line', help: 'its name (key only)' },
} as const satisfies OptionTable
const showHelp = { help: { type: 'flag', help: 'show this' } } as const satisfies OptionTable

/** Every setting of the server is an option of each verb. */
const common: OptionTable = {
  ...Object.fromEntries(
    Object.entries(settings).map(([name, { value, help, default: standard }]) => [
      name,
      {
        type: 'text' as const,
        value,
        help: standard === null || standard === '' ? help : `${help} (default: ${standard})`,
      },
    ]),
  ),
  ...config,
}

const help = `Starts a control plane: agents report to it and take their policy from it (docs/server.md).

Usage:
  runwarden server --data DIR [--listen ADDRESS:PORT] …  start it, until SIGTERM or SIGINT
  runwarden server backup --data DIR --to DIR            copy all that it keeps, while it runs
  runwarden server restore --from DIR --data DIR         make a data folder from a backup
  runwarden server key --data DIR --organisation NAME    print a new API key
  runwarden server sign-in --data DIR                    print a sign-in link of its administrator

Each setting may also be in the environment (--log-level is RUNWARDEN_SERVER_LOG_LEVEL) or in the
file of --config (log-level: info); a flag comes before the environment, and that before the file.

Options:
${describeOptions({ ...common, ...only, ...showHelp })}`

type Given = Readonly<Record<string, string | undefined>>

interface Verb {
  own: readonly (keyof typeof only)[]
  act: (given: Given) => Promise<void> | void
}

const verbs: Readonly<Record<string, Verb>> = {
  start: { own: [], act: start },
  backup: {
    own: ['to'],
    async act(given) {
      const to = needed(given, 'to', 'backup')
      await backup(readConfig(given, process.env).data, to)
      console.log(`backed up to ${to}, which is a data folder itself`)
    },
  },
  restore: {
    own: ['from'],
    async act(given) {
      const from = needed(given, 'from', 'restore')
      const { data } = readConfig(given, process.env)
      await restore(from, data)
      console.log(`restored to ${data}`)
    },
  },
  key: {
    own: ['organisation', 'role', 'name'],
    act(given) {
      const organisation = needed(given, 'organisation', 'key')
      const { role = '', name = '' } = given
      console.log(
        administer.createKey(readConfig(given, process.env), { organisation, role, name }),
      )
    },
  },
  'sign-in': {
    own: [],
    act(given) {
      console.log(administer.signIn(readConfig(given, process.env)))
    },
  },
}

/** `runwarden server` */
export async function main(words: string[]): Promise<number> {
  const [first = '', ...rest] = words
  const named = !first.startsWith('-') && first !== ''
  const name = named ? first : 'start'
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined) {
    const meant = nearest(first, Object.keys(verbs))
    throw new UsageError(
      `server has no '${first}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    )
  }
  const table = { ...common, ...pick(only, verb.own), ...showHelp }
  const { options, rest: more } = parseOptions<OptionTable>(table, named ? rest : words)
  if ((options as Record<string, unknown>)['help'] === true) {
    console.log(help)
    return 0
  }
  if (more.length > 0) throw new UsageError(`server takes no '${more[0]}'`)
  try {
    await verb.act(options as Given)
  } catch (error) {
    if (error instanceof ConfigError && error.advice === '') throw new UsageError(error.message)
    throw error
  }
  return 0
}

function pick(table: OptionTable, names: readonly string[]): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => names.includes(name)))
}

async function start(given: Given): Promise<void> {
  const settled: Config = readConfig(given, process.env)
  const server = await startServer(settled)
  console.log(`runwarden server ${version} at ${server.url}`)
  if (server.signInUrl !== null)
    console.log(`sign in as its administrator, once, within a day: ${server.signInUrl}`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  // A second signal ends it at once, as it would any program.
  process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT')
  await server.close()
}

function needed(given: Given, name: string, verb: string): string {
  const value = given[name]
  if (value === undefined) throw new UsageError(`server ${verb} needs --${name}`)
  return value
}
