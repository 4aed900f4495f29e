import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import {
  findAccount,
  type KnownSecret,
  masksIn,
  mostSecrets,
  shortestSecret,
} from '@runwarden/agent'
import { inherited } from './inherited.ts'
import { UsageError } from './options.ts'
import { readNamedFile } from './run-files.ts'

/** Values of variables that were named as secrets. @throws UsageError when one has none */
export function readSecretVariables(names: readonly string[]): KnownSecret[] {
  return names.map((name) => {
    const value = process.env[name] ?? inherited.environment[name]
    if (value === undefined || value.length < shortestSecret)
      throw new UsageError(
        `--secret-env ${name}: the variable has no value of ${shortestSecret} characters or more, which is what can be told from other text`,
      )
    return { name, value, masked: false }
  })
}

/**
 * The secrets in a file of masks. No message has any of them.
 * @param user who the command runs as; undefined: who runs this
 * @param say is told when the command can read the file
 * @throws AgentError when it cannot be read, UsageError when there is nothing in it to be found
 */
export function readMasks(
  file: string | undefined,
  user: string | undefined,
  say: (text: string) => void,
): KnownSecret[] {
  if (file === undefined) return []
  const lasting = staysReadable(file)
  const masks = masksIn(readNamedFile(file, 'file of masks'))
  if (masks.length === 0)
    throw new UsageError(
      `--masks ${file}: there is no value of ${shortestSecret} characters or more in it, which is what can be told from other text`,
    )
  if (masks.length > mostSecrets)
    throw new UsageError(
      `--masks ${file}: it has ${masks.length} values, and ${mostSecrets} can be looked for`,
    )
  if (lasting && canRead(file, user))
    say(
      `--masks ${file}: the command can read this file, too, and with it every secret of the job; ${user === undefined ? 'give it as a pipe (--masks <(…))' : `take it from user '${user}' (chmod 600, owned by root), or give it as a pipe (--masks <(…))`}`,
    )
  return masks
}

/**
 * The control plane's API key: of a file, or else of RUNWARDEN_API_KEY, which is taken out of the environment.
 * @param user who the command runs as; undefined: who runs this
 * @throws AgentError when the file cannot be read, UsageError when there is no key
 */
export function readApiKey(
  file: string | undefined,
  user: string | undefined,
  say: (text: string) => void,
): string {
  const given = takeApiKey()
  const key = (file === undefined ? given : readNamedFile(file, 'API key')).trim()
  if (!/^[\x21-\x7e]{8,8192}$/.test(key))
    throw new UsageError(
      file === undefined
        ? given === ''
          ? '--server needs an API key: --api-key-file FILE, or the variable RUNWARDEN_API_KEY'
          : 'RUNWARDEN_API_KEY: what is in it is no API key, one word of 8 characters and more'
        : `--api-key-file ${file}: there is no API key in it, one word on one line`,
    )
  if (file !== undefined && staysReadable(file) && canRead(file, user))
    say(
      `--api-key-file ${file}: the command can read this file, too: ${user === undefined ? 'give it as a pipe (--api-key-file <(…))' : `take it from user '${user}' (chmod 600, owned by root)`}`,
    )
  return key
}

/** The command does not get it, whether it is used or not. */
export function takeApiKey(): string {
  const name = 'RUNWARDEN_API_KEY'
  const key = process.env[name] ?? ''
  delete process.env[name]
  return key
}

/** What comes out of a pipe can be read once only. */
function staysReadable(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true
}

/** As the kernel decides for the command's user, folders above and access lists included. */
function canRead(file: string, user: string | undefined): boolean {
  if (user === undefined) return true
  const { uid, gid } = findAccount(user)
  const who = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups']
  const { status } = spawnSync('setpriv', [...who, '--', 'test', '-r', file], { stdio: 'ignore' })
  return status === 0
}
