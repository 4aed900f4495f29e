import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ServerRig } from './server-rig.ts'

const page = join(import.meta.dirname, '../../../docs/api.md')

interface Operation {
  summary: string
  operationId: string
  'x-right': string
}

/** `vitest run --project unit packages/server/test/api-docs -u` writes it. */
test('docs/api.md lists what /openapi.json describes', async () => {
  await using rig = await ServerRig.start()
  const { body } = await rig.ask('GET', '/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, Operation>> }
  const rows: string[] = []
  const ids = new Set<string>()
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { operationId, summary, 'x-right': right }] of Object.entries(methods)) {
      rows.push(`| \`${method.toUpperCase()} ${path}\` | ${right} | ${summary} |`)
      ids.add(operationId)
    }
  expect(ids.size).toBe(rows.length)
  await expect(`${head}\n${rows.join('\n')}\n`).toMatchFileSnapshot(page)
})

const head = `# The control plane's API

\`GET /openapi.json\` of a server describes it whole, from the same schemas that requests are checked by: OpenAPI 3.1, with a name
(\`operationId\`) for each route, from which clients are made. \`info.version\` is the API's; the \`v1\` of the paths changes with its
first number. Fields are only ever added: whoever reads an answer ignores those that they do not know.

\`Authorization: Bearer\` takes an API key, a job's token, or GitHub's OIDC token of a job; a browser's session is a cookie.
Lists come in pages: \`next\` of an answer is \`after\` of the next question, null at the end. Errors, roles and limits are in
[server.md](server.md).

| route | right | |
| --- | --- | --- |`
