import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  BpfError,
  connectFromCgroup,
  openObject,
  openPinnedLink,
  openPinnedMap,
} from '../src/index.ts'
import { fixture, testBpffs, testCgroup, u32, u64 } from './fixtures.ts'

const EPERM = 1
const ECONNREFUSED = 111

/** The kernels that the tests run on may refuse LSM programs. */
const disable = ['on_open']

/** The error of something that must fail. */
function refusal(act: () => unknown): BpfError {
  try {
    act()
  } catch (error) {
    if (error instanceof BpfError) return error
    throw error
  }
  throw new Error('it did not fail')
}

test('the programs of an object are listed before it is loaded', () => {
  using object = openObject(fixture('maps'))
  expect(object.programs().map((p) => `${p.name} ${p.section} ${p.type}`)).toEqual([
    'read_wide syscall syscall',
    'read_others syscall syscall',
    'deny4 cgroup/connect4 cgroup_sock_addr',
    'deny6 cgroup/connect6 cgroup_sock_addr',
    'on_enter raw_tp/sys_enter raw_tracepoint',
    'on_open lsm/file_open lsm',
  ])
})

test('programs see the variables that were set before the load', () => {
  using plain = openObject(fixture('maps'), { disable })
  plain.load()
  expect([plain.run('read_wide'), plain.run('read_others')]).toEqual([0, 0])

  using object = openObject(fixture('maps'), {
    disable,
    globals: {
      wide: 0xfedcba9876543210n,
      narrow: 200,
      name: Buffer.from('rw'),
      data_value: -70000,
      bss_value: 9,
    },
  })
  object.load()
  expect([object.run('read_wide'), object.run('read_others')]).toEqual([1, 1])
})

test.each([
  ['a variable that is not there', { nowhere: 1 }, 'BPF_NO_GLOBAL', 'ENOENT'],
  ['a number that is too large', { narrow: 256 }, 'BPF_SIZE', 'ERANGE'],
  ['a number that is too small', { narrow: -129 }, 'BPF_SIZE', 'ERANGE'],
  ['more than 64 bits', { wide: 1n << 64n }, 'BPF_SIZE', 'ERANGE'],
  ['bytes that are too many', { name: Buffer.alloc(9) }, 'BPF_SIZE', 'E2BIG'],
])('%s is refused at open', (_, globals, code, errnoName) => {
  const error = refusal(() => openObject(fixture('maps'), { globals }))
  expect(error).toMatchObject({ step: 'open', code, errnoName })
  expect(error.message).toContain(Object.keys(globals)[0])
})

test.each([
  ['a file that is not there', '/nonexistent.bpf.o', 'ENOENT'],
  ['a file that is no object', import.meta.filename, 'LIBBPF_ERRNO__FORMAT'],
])('opening %s tells the file and the reason', (_, path, errnoName) => {
  const error = refusal(() => openObject(path))
  expect(error).toMatchObject({ step: 'open', code: 'BPF_OPEN', errnoName })
  expect(error.message).toContain(path)
})

test("a program that the verifier refuses is named, with the verifier's log", () => {
  using object = openObject(fixture('refused'))
  const error = refusal(() => object.load())
  expect(error).toMatchObject({
    step: 'load',
    code: 'BPF_LOAD',
    errnoName: 'EACCES',
    program: 'bad',
  })
  expect(error.log).toMatch(/R1 invalid mem access 'scalar'\nprocessed \d+ insns/)
  expect(error.message).toBe(
    "bad: cannot load the BPF object: EACCES: R1 invalid mem access 'scalar'",
  )
})

test('the rest loads without the program that is refused', () => {
  using object = openObject(fixture('refused'), { disable: ['bad'] })
  object.load()
  using link = object.attach('good')
  expect(link).toBeDefined()
  expect(refusal(() => object.attach('bad'))).toMatchObject({
    step: 'attach',
    code: 'BPF_NOT_LOADED',
    program: 'bad',
  })
})

test("the verifier's log is kept on demand also when it accepts", () => {
  using object = openObject(fixture('refused'), { disable: ['bad'], kernelLog: true })
  object.load()
  expect(object.log).toMatch(/prog 'good': -- BEGIN PROG LOAD LOG --[^]*processed \d+ insns/)
})

test.each([
  ['a program', 'BPF_NO_PROGRAM', (o: ReturnType<typeof openObject>) => o.attach('nobody')],
  ['a map', 'BPF_NO_MAP', (o: ReturnType<typeof openObject>) => o.map('nothing')],
])('%s that is not there is told by its name', (_, code, act) => {
  using object = openObject(fixture('maps'), { disable })
  object.load()
  expect(refusal(() => act(object))).toMatchObject({ code, errnoName: 'ENOENT' })
  expect(refusal(() => act(object)).message).toMatch(/^(nobody|nothing): /)
})

test.each([
  ['disable', { disable: ['nobody'] }],
  ['maxEntries', { maxEntries: { nothing: 1 } }],
])('%s of what is not there is refused, not passed over', (_, options) => {
  expect(refusal(() => openObject(fixture('maps'), options)).errnoName).toBe('ENOENT')
})

test('a map of an object that is not loaded is refused', () => {
  using object = openObject(fixture('maps'), { disable })
  expect(refusal(() => object.map('hash'))).toMatchObject({ code: 'BPF_NOT_LOADED' })
})

test('the number of entries is set before the load', () => {
  using object = openObject(fixture('maps'), { disable, maxEntries: { hash: 7 } })
  object.load()
  expect(object.map('hash').maxEntries).toBe(7)
})

test('two objects share a map that one of them made', () => {
  using one = openObject(fixture('maps'), { disable })
  one.load()
  using two = openObject(fixture('maps'), { disable, reuse: { hash: one.map('hash') } })
  two.load()
  two.map('hash').set(u64(1), u64(2))
  expect(two.map('hash').id).toBe(one.map('hash').id)
  expect(one.map('hash').get(u64(1))).toEqual(u64(2))
})

test('maps that are made before the load are shared by objects that load at the same time', () => {
  using maker = openObject(fixture('maps'), { disable, maxEntries: { hash: 7 } })
  maker.make(['hash', 'prefixes'])
  using other = openObject(fixture('maps'), {
    disable,
    reuse: { hash: maker.map('hash'), prefixes: maker.map('prefixes') },
  })
  maker.loadAhead()
  other.loadAhead()
  maker.load()
  other.load()
  maker.map('hash').set(u64(1n), u64(5n))
  expect(other.map('hash').get(u64(1n))).toEqual(u64(5n))
  expect(other.map('hash').maxEntries).toBe(7)
  expect(maker.run('read_wide')).toBe(0)
})

test('what is wrong with a load that began ahead is told by load()', () => {
  using object = openObject(fixture('refused'))
  object.loadAhead()
  const error = refusal(() => object.load())
  expect(error).toMatchObject({ step: 'load', program: 'bad' })
  expect(error.log).toContain('invalid mem access')
})

test('an object may be asked and closed while it is loaded ahead', () => {
  for (let round = 0; round < 20; round++) {
    using object = openObject(fixture('maps'), { disable })
    object.loadAhead()
    if (round % 2 > 0) expect(object.map('array').maxEntries).toBe(16)
  }
})

test('a map of another shape is not shared', () => {
  using one = openObject(fixture('maps'), { disable })
  one.load()
  const reuse = { hash: one.map('percpu') }
  expect(refusal(() => openObject(fixture('maps'), { disable, reuse }))).toMatchObject({
    step: 'open',
    code: 'BPF_REUSE',
    errnoName: 'EINVAL',
  })
})

test('a program at a cgroup decides until its link is closed', () => {
  using cgroup = testCgroup()
  using object = openObject(fixture('maps'), { disable })
  object.load()
  const connect = (address: string) => connectFromCgroup(cgroup.path, address, 1)
  const open = [0, ECONNREFUSED]
  expect(open).toContain(connect('127.0.0.1'))
  {
    using four = object.attach('deny4', { cgroup: cgroup.path })
    using six = object.attach('deny6', { cgroup: cgroup.path })
    expect([four, six].map(() => connect('127.0.0.1'))).toEqual([EPERM, EPERM])
    expect(connect('::1')).toBe(EPERM)
    expect(object.map('array').get(u32(0))).toEqual(u64(2))
  }
  expect(open).toContain(connect('127.0.0.1'))
})

test('a pinned link holds when everything is closed, and is found again', () => {
  using cgroup = testCgroup()
  using bpffs = testBpffs()
  const pin = join(bpffs.path, 'deny4')
  {
    using object = openObject(fixture('maps'), { disable })
    object.load()
    using link = object.attach('deny4', { cgroup: cgroup.path })
    link.pin(pin)
    object.map('array').pin(join(bpffs.path, 'array'))
  }
  expect(connectFromCgroup(cgroup.path, '127.0.0.1', 1)).toBe(EPERM)
  using array = openPinnedMap(join(bpffs.path, 'array'))
  expect(array.get(u32(0))).toEqual(u64(1))
  using link = openPinnedLink(pin)
  link.detach()
  expect(existsSync(pin)).toBe(true)
  expect(connectFromCgroup(cgroup.path, '127.0.0.1', 1)).not.toBe(EPERM)
})

test('what cannot be pinned or is not pinned tells the path', () => {
  using object = openObject(fixture('maps'), { disable })
  object.load()
  const path = join(import.meta.dirname, 'no-bpffs')
  expect(refusal(() => object.map('hash').pin(path))).toMatchObject({
    step: 'pin',
    code: 'BPF_PIN',
  })
  expect(refusal(() => openPinnedMap(path)).message).toContain(path)
  expect(refusal(() => openPinnedLink(path))).toMatchObject({
    step: 'pin',
    code: 'BPF_OPEN_PIN',
    errnoName: 'ENOENT',
  })
})

test('attaching to what is no cgroup tells the program and the reason', () => {
  using object = openObject(fixture('maps'), { disable })
  object.load()
  expect(refusal(() => object.attach('deny4', { cgroup: '/tmp' }))).toMatchObject({
    step: 'attach',
    code: 'BPF_ATTACH',
    program: 'deny4',
    errnoName: 'EBADF',
  })
  expect(refusal(() => object.attach('deny4', { cgroup: '/nonexistent' })).errnoName).toBe('ENOENT')
})

test.each([
  ['an address that is none', '300.1.1.1', 'BPF_ADDRESS'],
  ['a name', 'localhost', 'BPF_ADDRESS'],
])('connectFromCgroup refuses %s', (_, address, code) => {
  using cgroup = testCgroup()
  expect(refusal(() => connectFromCgroup(cgroup.path, address, 1))).toMatchObject({ code })
})

test('connectFromCgroup refuses a cgroup that is none', () => {
  expect(refusal(() => connectFromCgroup('/nonexistent', '::1', 1))).toMatchObject({
    step: 'cgroup',
    code: 'BPF_CGROUP',
    errnoName: 'ENOENT',
  })
  expect(refusal(() => connectFromCgroup('/tmp', '::1', 1)).errnoName).toBe('EBADF')
})

test('everything throws after close, and closing twice does nothing', () => {
  using cgroup = testCgroup()
  const object = openObject(fixture('maps'), { disable })
  object.load()
  const map = object.map('hash')
  const link = object.attach('deny4', { cgroup: cgroup.path })
  for (const closable of [link, object, object, link, map]) closable.close()
  const acts: [string, () => unknown][] = [
    ['load', () => object.load()],
    ['programs', () => object.programs()],
    ['attach', () => object.attach('deny4')],
    ['another map', () => object.map('array')],
    ['run', () => object.run('read_wide')],
    ['get', () => map.get(u64(1))],
    ['set', () => map.set(u64(1), u64(1))],
    ['delete', () => map.delete(u64(1))],
    ['setBatch', () => map.setBatch(u64(1), u64(1), 1)],
    ['deleteBatch', () => map.deleteBatch(u64(1), 1)],
    ['entries', () => [...map.entries()]],
    ['pin of a map', () => map.pin('/tmp/x')],
    ['pin of a link', () => link.pin('/tmp/x')],
    ['detach', () => link.detach()],
    ['read', () => link.read()],
  ]
  expect(acts.map(([name, act]) => `${name}: ${refusal(act).code}`)).toEqual(
    acts.map(([name]) => `${name}: BPF_CLOSED`),
  )
})
