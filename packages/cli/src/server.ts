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
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable

/** Every setting of the server is an option. */
const options_: OptionTable = {
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
  ...only,
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
${describeOptions(options_)}`

type Given = Readonly<Record<string, string | undefined>>

const verbs: Readonly<Record<string, (given: Given) => Promise<void> | void>> = {
  start,
  async backup(given) {
    const to = needed(given, 'to', 'backup')
    await backup(readConfig(given, process.env).data, to, Date.now())
    console.log(`backed up to ${to}, which is a data folder itself`)
  },
  async restore(given) {
    const from = needed(given, 'from', 'restore')
    const { data } = readConfig(given, process.env)
    await restore(from, data)
    console.log(`restored to ${data}`)
  },
  key(given) {
    const organisation = needed(given, 'organisation', 'key')
    const { role = '', name = '' } = given
    console.log(administer.createKey(readConfig(given, process.env), { organisation, role, name }))
  },
  'sign-in'(given) {
    console.log(administer.signIn(readConfig(given, process.env)))
  },
}

/** `runwarden server` */
export async function main(words: string[]): Promise<number> {
  const [first = '', ...rest] = words
  const named = !first.startsWith('-') && first !== ''
  const { options, rest: more } = parseOptions<OptionTable>(options_, named ? rest : words)
  if ((options as Record<string, unknown>)['help'] === true) {
    console.log(help)
    return 0
  }
  const verb = named && Object.hasOwn(verbs, first) ? verbs[first] : named ? undefined : start
  if (verb === undefined) {
    const meant = nearest(first, Object.keys(verbs))
    throw new UsageError(
      `server has no '${first}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    )
  }
  if (more.length > 0) throw new UsageError(`server takes no '${more[0]}'`)
  try {
    await verb(options as Given)
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message)
    throw error
  }
  return 0
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
