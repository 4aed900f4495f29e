import { expect, test } from 'vitest'
import { enginesOutside } from '../../src/service/engines-outside.ts'

const engines = [
  { pid: 10, name: 'dockerd' },
  { pid: 11, name: 'podman' },
  { pid: 12, name: 'containerd' },
]

test('engines outside of a scope are named, and those inside are not', () => {
  expect(enginesOutside([11, 99], engines)).toMatch(
    /^dockerd \(process 10\), containerd \(process 12\) makes containers outside/,
  )
  expect(enginesOutside([10, 11, 12], engines)).toBeUndefined()
  expect(enginesOutside([], [])).toBeUndefined()
})
