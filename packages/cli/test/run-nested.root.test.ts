import { afterEach, beforeEach, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

// A run's command is in a cgroup namespace, as in a container: the depth of its cgroup is not to be read from /proc there.
test('a run inside of a run sees and stops what its command does, and the outer one what both do', async () => {
  const inner = place.at('inner')
  const command = '(exec 3<>/dev/tcp/192.0.2.77/80) 2>/dev/null || /usr/bin/id >made'
  const again = [runwarden, 'run', '--egress', 'block', '--out', inner, '--quiet']
  const { status, stderr } = await place.run([...again, 'bash', '-c', command])
  expect(stderr).not.toContain('runwarden:')
  expect(status).toBe(0)
  const inside = place.report(inner)
  const programs = inside.processes.flatMap(({ images }) => images.map(({ exe }) => exe))
  expect(programs).toContain('/usr/bin/id')
  expect(inside.files.map(({ path }) => path)).toContain(place.at('made'))
  expect(
    inside.destinations.map(({ address, verdict, processes }) => [
      address,
      verdict,
      processes[0]?.exe,
    ]),
  ).toEqual([['192.0.2.77', 'blocked', '/usr/bin/bash']])

  const outside = place.report()
  const seen = outside.processes.flatMap(({ images }) => images.map(({ exe }) => exe))
  expect(seen).toContain('/usr/bin/id')
  // The inner one gives its programs to the kernel, and tries them.
  expect(new Set(outside.detections.map(({ title }) => title))).toEqual(
    new Set(['a program was given to the kernel, which can send packets past the policy']),
  )
})
