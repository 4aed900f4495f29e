import { Auth } from './auth/auth.ts'
import { type KeyRole, keyRoles } from './auth/rights.ts'
import { newSignInUrl } from './auth/sign-in-url.ts'
import { type Config, urlOf } from './config.ts'
import { ConfigError } from './config-table.ts'
import { keptUrl, openExisting } from './data-folder.ts'
import type { Database } from './db/database.ts'
import { checkMigrated } from './db/migrate.ts'

const identity = { kind: 'user', id: 'command', name: 'command line', operator: true } as const

/** What whoever may write in the folder does without signing in; the server may run meanwhile. */
export const administer = {
  /** @returns where the server's administrator signs in, once, within a day */
  signIn(config: Config): string {
    using db = openMigrated(config.data)
    const auth = new Auth(db, Date.now)
    auth.audit(identity, { organisationId: null, action: 'sign-in.link', subject: 'admin' })
    // The server's own settings are the server's: here only the folder is given, as a rule.
    const url = config.url ?? keptUrl(config.data) ?? urlOf(config)
    return newSignInUrl({ db, auth, url: () => url }) ?? ''
  },

  /**
   * @returns a new API key of an organisation, which is added where it is missing
   * @throws ConfigError
   */
  createKey(
    config: Config,
    { organisation: owner, role, name }: { organisation: string; role: string; name: string },
  ): string {
    if (!/^[\w.-]{1,100}$/.test(owner))
      throw new ConfigError(`'${owner}' is no name of an owner of repositories`)
    if (!isKeyRole(role)) throw new ConfigError(`'${role}' is none of ${keyRoles.join(', ')}`)
    using db = openMigrated(config.data)
    const auth = new Auth(db, Date.now)
    return db.transaction(() => {
      const organisation = auth.ensureOrganisation(owner)
      const key = { organisation, name, role, createdBy: 'command line', expiresAt: null }
      const { id, secret } = auth.createKey(key)
      auth.audit(identity, {
        organisationId: organisation.id,
        action: 'key.create',
        subject: name,
        detail: { id, role, expiresAt: null },
      })
      return secret
    })
  },
}

const isKeyRole = (role: string): role is KeyRole => keyRoles.some((one) => one === role)

/** @throws MigrationError, ConfigError */
function openMigrated(data: string): Database {
  const db = openExisting(data)
  try {
    checkMigrated(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
