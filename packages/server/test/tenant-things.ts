import { newId } from '../src/id.ts'
import { addFinding } from '../src/ingest/findings.ts'
import { jobStart, TestAgent } from './ingest/test-agent.ts'
import type { ServerRig, Tenant } from './server-rig.ts'

/** By the name of a route's parameter, something of a tenant's that it stands for. */
export type Things = Readonly<Record<string, string>>

/** Gives a tenant one of everything that routes name. */
export async function thingsOf(rig: ServerRig, tenant: Tenant): Promise<Things> {
  const { auth } = rig.server.context
  const as = tenant.keys.admin
  const made = async (method: string, path: string, body: unknown): Promise<string> => {
    const answer = await rig.ask(method, `/v1/orgs/${tenant.name}/${path}`, { as, body })
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`)
    const { id, ids = [] } = answer.body as { id?: string; ids?: string[] }
    return id ?? ids[0] ?? ''
  }
  const user = auth.ensureUser('local', tenant.name, `member of ${tenant.name}`)
  auth.setMember(tenant.id, user, 'viewer')
  const policy = `of-${tenant.name}`
  await made('PUT', `policies/${policy}`, { text: 'version: 1\negress: audit\n', reason: 'test' })
  const agent = new TestAgent(rig.url)
  await agent.start(tenant.keys.agent, jobStart({ repository: `${tenant.name}/app` }))
  return {
    // Of a job, and of a segment.
    id: agent.jobId,
    seq: '1',
    user,
    policy,
    attachment: await made('POST', 'policy-attachments', {
      policy,
      target: { level: 'organisation' },
    }),
    entry: await made('POST', 'blocklist/entries', {
      entries: [{ value: `bad.${tenant.name}.example`, reason: 'test' }],
    }),
    feed: await made('POST', 'blocklist/feeds', {
      name: `feed ${newId()}`,
      // No address of the internet: nothing is fetched.
      url: 'http://127.0.0.1:1/',
      trust: { kind: 'sha256', hash: '0'.repeat(64) },
    }),
    detection: detectionOf(rig, agent.jobId),
    suppression: await made('POST', 'suppressions', { match: { job: 'none' }, reason: 'test' }),
    // Nobody has it: who has one is a person, and keys have none.
    session: '0'.repeat(64),
    key: await made('POST', 'keys', { name: 'a key', role: 'viewer' }),
    invitation: await made('POST', 'invitations', { name: 'somebody', role: 'viewer' }),
  }
}

/** A detection of a job. */
function detectionOf(rig: ServerRig, jobId: string): string {
  const { db, clock } = rig.server.context
  addFinding(db, jobId, clock(), {
    source: 'server',
    key: 'test',
    rule: 'new-outbound-destination',
    severity: 'medium',
    title: 'a destination',
    text: 'of a test',
    time: clock(),
    step: null,
    execId: null,
    evidence: [],
    suppressed: null,
  })
  return db.get<{ id: string }>('SELECT id FROM detections WHERE job_id = ?', jobId)?.id ?? ''
}
