import type { RouteOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sampleOf, spoiled, unbounded } from './sample.ts'
import { type Answer, type Ask, ServerRig, type Tenant } from './server-rig.ts'
import { type Things, thingsOf } from './tenant-things.ts'

/** Every route that there is: what is said here holds for those to come, too. */
const all = await routesOf()
let rig: ServerRig
let things: Record<'acme' | 'other', Things>
beforeAll(async () => {
  rig = await ServerRig.start({ rateLimit: 0 })
  things = { acme: await thingsOf(rig, rig.acme), other: await thingsOf(rig, rig.other) }
})
afterAll(() => rig[Symbol.asyncDispose]())

async function routesOf(): Promise<RouteOptions[]> {
  await using first = await ServerRig.start()
  return first.server.app.routes.filter(({ method }) => method !== 'HEAD')
}

const titled = (routes: readonly RouteOptions[]) =>
  routes.map((route) => [`${String(route.method)} ${route.url}`, route] as const)
const isOf = (part: string) => (route: RouteOptions) => route.url.includes(part)

/** A route's path for an organisation and its things. */
function pathOf(route: RouteOptions, org: string, of: Things): string {
  return route.url.replaceAll(/:(\w+)/g, (_, name: string) => {
    if (name === 'org') return org
    const value = of[name]
    if (value === undefined)
      throw new Error(
        `${route.url}: tenant-things.ts makes no :${name}, by which tenants are told apart`,
      )
    return value
  })
}

/** Whom a route asks for, of a tenant. */
function callerOf(route: RouteOptions, tenant: Tenant, of: Things): Ask {
  switch (route.config?.right) {
    case 'public':
      return {}
    case 'agent':
      return { as: tenant.keys.agent }
    case 'job':
      return { as: rig.jobToken(of['id'] ?? '', tenant) }
    case 'operator':
      return { headers: { cookie: rig.cookie, origin: rig.url } }
    default:
      return { as: tenant.keys.admin }
  }
}

const bodySchema = ({ schema }: RouteOptions): z.ZodType | undefined => {
  const found = schema?.body ?? schema?.reads
  return found instanceof z.ZodType ? found : undefined
}
const bodyOf = (route: RouteOptions): unknown => {
  const schema = bodySchema(route)
  return schema && sampleOf(schema)
}

/** What a route needs of its query. */
const queryOf = ({ schema }: RouteOptions): string =>
  schema?.querystring instanceof z.ZodType
    ? `?${new URLSearchParams(sampleOf(schema.querystring) as Record<string, string>).toString()}`
    : ''

const answerWith = (route: RouteOptions, path: string, ask: Ask): Promise<Answer> =>
  rig.ask(String(route.method), path, ask)

describe.each(titled(all))('%s', (_, route) => {
  test('names its right, and says what it is', () => {
    expect(route.config?.right).toBeDefined()
    if (route.schema?.hide !== true) expect(route.schema?.summary).toMatch(/^[A-Z‘“].*\.$/)
    // Who asks for an organisation's role is asked in which.
    if (['viewer', 'editor', 'admin'].includes(route.config?.right ?? ''))
      expect(route.url).toMatch(/^\/v1\/orgs\/:org(\/|$)/)
    else expect(route.url).not.toContain(':org')
    if (route.config?.right === 'job') expect(route.url).toMatch(/^\/v1\/jobs\/:id\//)
  })
})

test.each(titled(all.filter((route) => bodySchema(route) !== undefined)))(
  '%s bounds each list that it takes',
  (_, route) => {
    expect([...unbounded(bodySchema(route) as z.ZodType)]).toEqual([])
  },
)

describe.each(titled(all.filter(({ config }) => config?.right !== 'public')))('%s', (_, route) => {
  test('is not for nobody, nor for a key of no one', async () => {
    const path = pathOf(route, 'acme', things.acme)
    const body = bodyOf(route)
    for (const as of [undefined, `rwk_${'A'.repeat(43)}`, `rwj_${'A'.repeat(43)}`, 'a.b.c', 'x'])
      expect(
        await answerWith(route, path, { body, ...(as === undefined ? {} : { as }) }),
      ).toMatchObject({ status: 401 })
  })
})

describe.each(titled(all.filter(isOf(':org'))))('%s', (_, route) => {
  test('has nothing of another tenant’s, who learns not even that it is there', async () => {
    const before = contentOf(rig.other.id)
    const path = pathOf(route, 'other', things.other)
    const body = bodyOf(route)
    const nowhere = await answerWith(route, pathOf(route, 'nobody', things.other), {
      as: rig.acme.keys.admin,
      body,
    })
    expect(nowhere).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } })
    for (const as of Object.values(rig.acme.keys))
      expect(await answerWith(route, path, { as, body })).toMatchObject({
        status: 404,
        body: nowhere.body,
      })
    // Its own path with the other's things. With its own it is another answer, or this would show nothing.
    const query = queryOf(route)
    const parameters = [...route.url.matchAll(/:(\w+)/g)].map(([, name = '']) => name).slice(1)
    for (const name of parameters) {
      const as = rig.acme.keys.admin
      const mixed = { ...things.acme, [name]: things.other[name] ?? '' }
      const answer = await answerWith(route, pathOf(route, 'acme', mixed) + query, { as, body })
      // What is called by a name that somebody gave may be made anew under another's.
      if (route.method !== 'PUT') expect(answer.status).toBe(404)
      if (route.method === 'GET') {
        const own = await answerWith(route, pathOf(route, 'acme', things.acme) + query, { as })
        expect(own.body).not.toEqual(answer.body)
      }
    }
    expect(contentOf(rig.other.id)).toEqual(before)
  })
})

describe.each(titled(all.filter(({ config }) => config?.right === 'job')))('%s', (_, route) => {
  test('is for the token of its own job alone', async () => {
    const path = pathOf(route, '', things.acme)
    for (const as of [
      rig.jobToken(things.other['id'] ?? '', rig.other),
      rig.jobToken('z'.repeat(20)),
    ])
      expect(await answerWith(route, path, { as })).toMatchObject({ status: 404 })
    for (const as of Object.values(rig.acme.keys))
      expect(await answerWith(route, path, { as })).toMatchObject({ status: 403 })
  })
})

describe.each(titled(all))('%s', (_, route) => {
  test(
    'says what is wrong with what it is sent, and never fails',
    { timeout: 300_000 },
    async () => {
      const path = pathOf(route, 'acme', things.acme)
      const ask = callerOf(route, rig.acme, things.acme)
      const asked: [string, Ask][] = [...badPaths(route)].map((bad) => [bad, ask])
      const schema = bodySchema(route)
      if (schema !== undefined) {
        for (const body of spoiled(sampleOf(schema))) asked.push([path, { ...ask, body }])
        for (const body of ['{"a":', '[1,]', `${'['.repeat(100_000)}`, '{"__proto__":{}}'])
          asked.push([path, { ...ask, rawBody: body }])
      }
      for (const [to, what] of asked) {
        const answer = await answerWith(route, to, what)
        const told = `${to.slice(0, 300)} ${JSON.stringify(what.body ?? what.rawBody ?? null).slice(0, 300)}`
        expect(answer.status, told).toBeLessThan(500)
        if (answer.status >= 400)
          expect(answer.body, told).toMatchObject({
            error: {
              code: expect.stringMatching(/^[a-z-]+$/),
              message: expect.stringMatching(/./),
            },
          })
        const { error } = answer.body as { error?: { code: string; where: unknown[] } }
        if (error?.code === 'bad-request') expect(error.where, told).not.toEqual([])
      }
      // It has deleted what others are asked about.
      if (route.method === 'DELETE') things.acme = await thingsOf(rig, rig.acme)
    },
  )
})

/** A route with each of its parameters spoiled in turn. */
function* badPaths(of: RouteOptions): Generator<string> {
  const path = pathOf(of, 'acme', things.acme)
  const names =
    of.schema?.querystring instanceof z.ZodObject
      ? Object.keys(of.schema.querystring.shape)
      : ['limit']
  for (const name of names)
    for (const bad of ['', '-1', '1e9', 'x'.repeat(5000), '%00', '%F0%9F', "'--", `1&${name}=2`])
      yield `${path}?${name}=${bad}`
  for (const name of [...of.url.matchAll(/:(\w+)/g)].map(([, found = '']) => found))
    for (const bad of ['%00', '..%2f..', 'x'.repeat(299), "'--", '%F0%9F%92%A9', '-1'])
      yield pathOf(of, 'acme', { ...things.acme, [name]: bad })
}

/** All rows of an organisation, in every table that has such. */
function contentOf(organisationId: string): Record<string, unknown[]> {
  const { db } = rig.server.context
  const tables = db.all<{ name: string }>(
    `SELECT DISTINCT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
     WHERE m.type = 'table' AND c.name = 'organisation_id'`,
  )
  expect(tables.length).toBeGreaterThan(3)
  return Object.fromEntries(
    tables.map(({ name }) => [
      name,
      db.all(`SELECT * FROM ${name} WHERE organisation_id = ?`, organisationId),
    ]),
  )
}
