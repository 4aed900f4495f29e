import { beforeAll, expect, test } from 'vitest'
import { onStage } from './stage.ts'

let outcome: Record<string, unknown>

beforeAll(async () => {
  outcome = JSON.parse(await onStage('places.ts')) as typeof outcome
}, 300_000)

test('a setuid file of the account’s own, where root trusts, becomes root’s without the bit', () => {
  expect(outcome['setuid armed']).toContain('/usr/share/polkit-1/rules.d/own')
  expect(outcome['setuid']).toBe('0 755')
  expect(outcome['setuid restored']).toEqual([])
  expect(outcome['setuid after']).toBe('4242 4755')
})

test('setuid bits count on no mount by the time that a file’s owner is changed', () => {
  expect(outcome['order']).toEqual(['nosuid', 'access'])
})

test('a place that is not there yet cannot be made', () => {
  expect(outcome['missing armed']).toContain('/usr/local/lib')
  expect(outcome['missing made']).toContain('Permission denied')
  expect(outcome['missing restored']).toEqual([])
  expect(outcome['missing after']).toBe('0 777')
})

test('what a link in such a place leads to is shut, or stops it where the account can put another there', () => {
  expect(outcome['led']).toMatch(
    /SUDO_PLACE.*\/home\/ci, in which .*x\.service, to which \/etc\/cron\.d\/led leads, lies.*the machine is as it was/,
  )
  expect(outcome['led to']).toContain('/srv/units/x')
  expect(outcome['led to file']).toBe('0 664')
  expect(outcome['led restored']).toEqual(['0 666'])
})

test('a file that has another name elsewhere stops it, and nothing stays changed', () => {
  expect(outcome['linked']).toMatch(
    /SUDO_PLACE.*rules\.d\/linked.*another name elsewhere \(2 hard links\); the machine is as it was/,
  )
  expect(outcome['linked after']).toBe('4242 4755')
  expect(outcome['linked meanwhile']).toMatch(/rules\.d\/late.*another name elsewhere/)
  expect(outcome['linked meanwhile after']).toBe('4242 644')
})

test.each(['link', 'file'])(
  'a %s that was put there meanwhile is not followed, or touched',
  (with_) => {
    expect(outcome[`${with_} made`]).toMatch(/another file was put in the place of .*rules\.d\/own/)
    expect(outcome[`${with_} undone`]).toEqual([
      expect.stringMatching(/rules\.d\/own is another file now, and is left as it is$/),
    ])
    expect(outcome[`${with_} victim`]).toBe('0 700')
  },
)

test('a link that was put there since is not followed when it is undone', () => {
  expect(outcome['since undone']).toEqual([expect.stringMatching(/own is another file now/)])
  expect(outcome['since victim']).toBe('0 755')
})

test('a folder is shut before its files are looked at', () => {
  expect(outcome['late']).toBe('0 644')
  expect(outcome['folder']).toBe(true)
})

test('places with more files than are searched stop it', () => {
  expect(outcome['many']).toMatch(
    /SUDO_PLACE.*more than 20000 files, up to those in .*rules\.d;.*the machine is as it was/,
  )
})
