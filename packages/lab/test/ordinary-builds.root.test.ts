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

/** All in one job, as steps of it: what is found names its step. Those that need a machine of their own are a job each. */
test.for(['audit', 'block'] as const)(
  'nothing above info is found in ordinary builds, in %s mode',
  { timeout: 900_000 },
  async (egress) => {
    await expectNothing(
      ordinaryBuilds.filter(({ machine }) => machine !== true),
      egress,
    )
    for (const build of ordinaryBuilds.filter(({ machine }) => machine === true))
      await expectNothing([build], egress)
  },
)
