import { afterAll, beforeAll, expect, test } from 'vitest'
import { BuildRoom, ordinaryBuilds, type OrdinaryBuild } from '../src/replays/index.ts'

let room: BuildRoom
beforeAll(async () => {
  room = await BuildRoom.start()
}, 600_000)
afterAll(() => room[Symbol.asyncDispose]())

async function expectNothing(
  builds: readonly OrdinaryBuild[],
  egress: 'audit' | 'block',
): Promise<void> {
  const found = await room.run(builds, egress)
  // What the agent says of its own files has no event of a build behind it: others may install packages meanwhile.
  const byBuilds = found.filter(({ evidence }) => evidence.length > 0)
  expect(byBuilds.filter(({ severity }) => severity !== 'info')).toEqual([])
}

test.for(ordinaryBuilds)(
  'nothing above info is found in: $name',
  { timeout: 500_000 },
  async (build) => {
    await expectNothing([build], 'audit')
  },
)

test('nor in block mode, in one job that does all of it', { timeout: 900_000 }, async () => {
  await expectNothing(
    ordinaryBuilds.filter(({ machine }) => machine !== true),
    'block',
  )
  for (const build of ordinaryBuilds.filter(({ machine }) => machine === true))
    await expectNothing([build], 'block')
})
