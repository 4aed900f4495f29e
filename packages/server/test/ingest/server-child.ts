/** A server as a process of its own, for tests that end it in ways it can't prepare for: `node server-child.ts DATA`. */
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/main.ts'

const [, , data = ''] = process.argv
const { context, url } = await startServer(
  readConfig(
    { data, listen: '127.0.0.1:0', organisations: 'acme', 'log-level': 'error' },
    process.env,
  ),
)
const organisation = context.auth.ensureOrganisation('acme')
const key = (role: 'admin' | 'agent' | 'viewer'): string =>
  context.auth.createKey({ organisation, name: role, role, createdBy: 'test', expiresAt: null })
    .secret
process.stdout.write(
  `${JSON.stringify({ url, agent: key('agent'), viewer: key('viewer'), admin: key('admin') })}\n`,
)
