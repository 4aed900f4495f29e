/**
 * A server as a process of its own, for tests that end it in ways it can't prepare for: `node server-child.ts DATA`.
 * RUNWARDEN_WEB_APP names the built app that it has, where it is another than the installation's.
 */
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/main.ts'

const [, , data = ''] = process.argv
const { context, url } = await startServer(
  readConfig(
    { data, listen: '127.0.0.1:0', organisations: 'acme', 'log-level': 'error' },
    process.env,
  ),
  process.env['RUNWARDEN_WEB_APP'] === undefined ? {} : { web: process.env['RUNWARDEN_WEB_APP'] },
)
const organisation = context.auth.ensureOrganisation('acme')
const key = (role: 'admin' | 'agent' | 'viewer'): string =>
  context.auth.createKey({ organisation, name: role, role, createdBy: 'test', expiresAt: null })
    .secret
const session = context.auth.createSession(context.auth.ensureUser('local', 'admin', 'admin', true))
process.stdout.write(
  `${JSON.stringify({ url, agent: key('agent'), viewer: key('viewer'), admin: key('admin'), session })}\n`,
)
