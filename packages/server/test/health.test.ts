import { JobStart } from '@runwarden/events/control-plane'
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

test('what is no JSON is described as what it is, with the errors that an agent goes on from', async () => {
  await using rig = await ServerRig.start()
  const { body } = await rig.ask('GET', '/openapi.json')
  const { paths } = body as { paths: Record<string, Record<string, object>> }
  expect(paths['/v1/jobs/{id}/segments/{seq}']?.['post']).toMatchObject({
    requestBody: {
      required: true,
      content: { 'application/zstd': { schema: { type: 'string', format: 'binary' } } },
    },
    parameters: expect.arrayContaining([
      expect.objectContaining({ name: 'runwarden-hash', in: 'header', required: true }),
    ]),
    responses: { 200: {}, 409: {}, 413: {}, 415: {}, 503: {}, 507: {}, default: {} },
  })
  expect(paths['/v1/jobs/{id}/stream']?.['get']).toMatchObject({
    responses: { 200: { content: { 'text/event-stream': {} } } },
  })
  const start = paths['/v1/jobs']?.['post'] as {
    requestBody: { content: { 'application/json': { example: unknown } } }
  }
  expect(JobStart.safeParse(start.requestBody.content['application/json'].example).success).toBe(
    true,
  )
})
