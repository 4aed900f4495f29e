import { guard_act } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { ObjectTypes } from '../../../sensor/test/btf.ts'

test.each(['x64', 'arm64'])(
  'what the guard refuses has the numbers of the object for %s',
  (architecture) => {
    expect(new ObjectTypes('guard', architecture).numbers('GUARD_MAP')).toEqual(guard_act)
  },
)
