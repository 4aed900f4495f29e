import { readFileSync } from 'node:fs'
import { nearestWord } from '@runwarden/policy'
import { LineCounter, parseDocument } from 'yaml'
import { ConfigError, type SettingName, settings } from './config-table.ts'

type Read<N extends SettingName> = ReturnType<(typeof settings)[N]['read']>
type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S

/** Every setting by its name in camelCase; what has no default and was not given is null. */
export type Config = {
  [N in SettingName as Camel<N>]: (typeof settings)[N]['default'] extends null
    ? Read<N> | null
    : Read<N>
} & { data: string }

/** The variable of the environment that stands for a setting. */
export function variableOf(name: string): string {
  return `RUNWARDEN_SERVER_${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * @param flags as given on the command line, by name; `config` is the file
 * @throws ConfigError
 */
export function readConfig(
  flags: Readonly<Record<string, string | undefined>>,
  env: NodeJS.ProcessEnv,
): Config {
  const file = flags['config'] ?? env[variableOf('config')]
  const inFile = file === undefined ? {} : readFile(file)
  const config: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const variable = variableOf(name)
    const [given, from] =
      flags[name] !== undefined
        ? [flags[name], `--${name}`]
        : env[variable] !== undefined
          ? [env[variable], variable]
          : [inFile[name] ?? setting.default, `${name} in ${file}`]
    try {
      config[camel(name)] = given === null ? null : setting.read(given)
    } catch (error) {
      // The value of a secret is in no message: settings that are secrets take any text.
      throw new ConfigError(`${from}: '${given}' ${(error as Error).message}`)
    }
  }
  return checked(config as Config)
}

function checked(config: Config): Config {
  if (config.data === null)
    throw new ConfigError(
      `--data DIR is missing: where everything is kept (or ${variableOf('data')})`,
    )
  if ((config.tlsCert === null) !== (config.tlsKey === null))
    throw new ConfigError('--tls-cert and --tls-key go together')
  if (
    config.signInIssuer !== null &&
    (config.signInClientId === null || config.signInClientSecret === null)
  )
    throw new ConfigError('--sign-in-issuer needs --sign-in-client-id and --sign-in-client-secret')
  return config
}

/** Settings of a file, as texts. */
function readFile(path: string): Record<string, string> {
  const content = parseFile(path)
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new ConfigError(`${path} holds no settings, as 'listen: 127.0.0.1:7380'`)
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(content)) {
    if (!Object.hasOwn(settings, name)) {
      const meant = nearestWord(name, Object.keys(settings))
      throw new ConfigError(
        `${path}: there is no setting '${name}'; ${meant === null ? `there are ${Object.keys(settings).join(', ')}` : `did you mean '${meant}'?`}`,
      )
    }
    const given: unknown = value
    if (Array.isArray(given) && given.every((one) => typeof one === 'string'))
      all[name] = given.join(' ')
    else if (typeof given === 'string') all[name] = given
    else throw new ConfigError(`${path}: ${name} is neither text nor number nor list of texts`)
  }
  return all
}

/** Every value as it stands: what looks like a number may be a secret. So no message has a line of it either. */
function parseFile(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${path} can't be read: ${(error as Error).message}`, { cause: error })
  }
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, lineCounter })
  const [error] = document.errors
  if (error === undefined)
    try {
      return document.toJS()
    } catch {
      throw new ConfigError(`${path}: a value that begins with * has to be in quotes`)
    }
  const { line, col } = lineCounter.linePos(error.pos[0])
  const reason = error.code.toLowerCase().replaceAll('_', ' ')
  throw new ConfigError(`${path} is no YAML, at line ${line}, column ${col}: ${reason}`)
}

const camel = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Where the server is reached. @param port where that is any free one */
export function urlOf({ url, listen, tlsCert }: Config, port = listen.port): string {
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return url ?? `${tlsCert === null ? 'http' : 'https'}://${host}:${port}`
}
