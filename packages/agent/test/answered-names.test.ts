import { expect, test } from 'vitest'
import { AnsweredNames } from '../src/answered-names.ts'

test('an address is known by the name that last led to it', () => {
  const names = new AnsweredNames(() => {})
  names.answered('one.example.org', ['192.0.2.1', '192.0.2.2'])
  names.answered('two.example.org', ['192.0.2.2'])
  expect([names.nameOf('192.0.2.1'), names.nameOf('192.0.2.2'), names.nameOf('192.0.2.3')]).toEqual(
    ['one.example.org', 'two.example.org', null],
  )
})

test('beyond its limit the longest unanswered go first', () => {
  const told: string[] = []
  const names = new AnsweredNames((gap) => told.push(gap), 2)
  names.answered('a.example.org', ['192.0.2.1'])
  names.answered('b.example.org', ['192.0.2.2'])
  names.answered('a.example.org', ['192.0.2.1'])
  expect([names.forgot, told]).toEqual([false, []])
  names.answered('c.example.org', ['192.0.2.3'])
  names.answered('d.example.org', ['192.0.2.4', '192.0.2.1'])
  expect(names.forgot).toBe(true)
  expect(told).toEqual([expect.stringMatching(/^more than 2 addresses were answered: /)])
  expect(names.nameOf('192.0.2.2')).toBeNull()
  expect(names.nameOf('192.0.2.1')).toBe('d.example.org')
  expect(names.size).toBe(2)
})

test('answers that were lost count as forgotten, and are told once', () => {
  const told: string[] = []
  const names = new AnsweredNames((gap) => told.push(gap))
  for (let i = 0; i < 2; i++) names.lack('more names were asked at once than could be told')
  expect([names.forgot, told]).toEqual([
    true,
    [expect.stringMatching(/^more names .*not judged a second time/)],
  ])
})

test('names that share an address are all known, as many as are kept', () => {
  const names = new AnsweredNames(() => {})
  for (const name of ['a.example.org', 'b.example.org', 'a.example.org', 'c.example.org'])
    names.answered(name, ['192.0.2.1'])
  expect(names.namesOf('192.0.2.1')).toEqual(['c.example.org', 'b.example.org', 'a.example.org'])
  expect(names.namesOf('192.0.2.2')).toEqual([])
  for (let name = 0; name < 100; name++) names.answered(`n${name}.example.org`, ['192.0.2.1'])
  expect(names.namesOf('192.0.2.1')).toHaveLength(17)
  expect(names.namesOf('192.0.2.1')).toContain('n98.example.org')
})
