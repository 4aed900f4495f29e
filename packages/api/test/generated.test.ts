import { join } from 'node:path'
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { ServerRig } from '../../server/test/server-rig.ts'

const here = (path: string): string => join(import.meta.dirname, '..', path)

/** `npm run generate -w packages/api` writes both files. */
describe('made of the routes of the server', () => {
  let description: OpenAPI3

  beforeAll(async () => {
    await using rig = await ServerRig.start()
    const { body } = await rig.ask('GET', '/openapi.json')
    description = { ...(body as OpenAPI3) }
    delete description.servers
  })

  test('openapi.json', async () => {
    await expect(`${JSON.stringify(description, null, 2)}\n`).toMatchFileSnapshot(
      here('openapi.json'),
    )
  })

  test('src/generated.ts', async () => {
    const types = await openapiTS(description, {
      // What a request leaves out has its default at the server.
      defaultNonNullable: false,
      rootTypes: true,
      rootTypesNoSchemaPrefix: true,
    })
    await expect(head + astToString(types)).toMatchFileSnapshot(here('src/generated.ts'))
  })
})

const head = '// Made of openapi.json: npm run generate -w packages/api\n\n'
