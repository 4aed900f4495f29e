import { expect, test } from 'vitest'
import { ServerRig } from './server-rig.ts'

test('a server over an empty folder is well, and says what it offers', async () => {
  await using rig = await ServerRig.start()
  expect(await rig.ask('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await rig.ask('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await rig.ask('GET', '/openapi.json')).toMatchObject({
    status: 200,
    body: { openapi: '3.1.0', paths: { '/healthz': { get: { operationId: 'getHealthz' } } } },
  })
  expect(await rig.ask('GET', '/metrics')).toMatchObject({
    status: 200,
    body: expect.stringContaining(
      'runwarden_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1\n',
    ),
  })
  expect(await rig.ask('GET', '/nowhere')).toMatchObject({
    status: 404,
    body: { error: { code: 'not-found' } },
  })
})
