import type { Row } from '../case.ts'
import { curl, python } from './script.ts'

/** Asks for a path at a name that leads where its first label says; the rest of it is this step's own. */
const fetch = (label: string, path = '$T'): string =>
  curl(`--http0.9 "http://${label}.x\${T#z}.allow.example.com:8080/${path}"`)

const by = 'names: resolves and opens nothing; connect: `EPERM`'

/** Addresses that an allowed name is made to lead to; what the name's answer carries is in hexadecimal digits. */
const inward = [
  ['10', '10.0.0.5', '0a000005'],
  ['172', '172.16.0.5', 'ac100005'],
  ['192', '192.168.0.5', 'c0a80005'],
  ['shared', '100.64.0.5', '64400005'],
  ['link-local', '169.254.7.7', 'a9fe0707'],
  ['metadata', '169.254.169.254', 'a9fea9fe'],
  ['wireserver', '168.63.129.16', 'a83f8110'],
  ['benchmark', '198.18.0.5', 'c6120005'],
  ['reserved', '240.0.0.5', 'f0000005'],
  ['ula', 'fd00::5', 'fd000000000000000000000000000005'],
  ['link-local6', 'fe80::5', 'fe800000000000000000000000000005'],
  ['mapped', '10.0.0.6', '00000000000000000000ffff0a000006'],
  ['nat64', '64:ff9b::a00:5', '0064ff9b00000000000000000a000005'],
  ['6to4', '2002:a00:5::', '20020a00000500000000000000000000'],
  ['metadata6', 'fd00:ec2::254', 'fd000ec2000000000000000000000254'],
] as const

/** As the answer has it, where that is not what the wire has. */
const written: Record<string, string> = {
  mapped: '::ffff:10.0.0.6',
  nat64: '64:ff9b::10.0.0.5 (NAT64)',
  '6to4': '2002:a00:5:: (6to4 of 10.0.0.5)',
}

/** Kernels send nothing to these places, or not from here. */
const cannot: Record<string, string> = {
  'link-local6': 'a link-local address needs an interface, which a name has not',
  reserved: 'the kernel has no route to 240.0.0.0/4',
}

export const rebinding: Row = {
  row: 5,
  title: 'DNS rebinding',
  cases: [
    ...inward.map(([id, address, digits]) =>
      Object.assign(
        {
          id: `rebind-${id}`,
          technique: `allowed name that leads to ${written[id] ?? address}`,
          attempt: fetch(`to-${digits}`),
          twin: fetch('to-c633640a'),
          targets: [address],
          by,
        },
        cannot[id] === undefined ? {} : { cannot: cannot[id], impossible: true },
      ),
    ),
    {
      id: 'rebind-later',
      technique: 'allowed name that leads to a public address first, and inwards when asked again',
      attempt: `${fetch('flip-c633640a-0a000007', 'first')}; sleep 1.1; ${fetch('flip-c633640a-0a000007')}`,
      twin: fetch('flip-c633640a-c633640a'),
      targets: ['10.0.0.7'],
      by,
    },
    {
      id: 'rebind-this-machine',
      impossible: true,
      technique:
        'allowed name that leads to 127.0.0.1, where a process outside of the scope listens',
      attempt: 'getent ahostsv4 to-7f000001.x${T#z}.allow.example.com',
      twin: 'getent ahostsv4 to-c633640a.$T.allow.example.com',
      cannot: 'loopback never leaves the machine; relays on it are in row 23',
      by: 'loopback is no way off the machine by itself',
      silent: 'loopback is always allowed',
    },
    {
      id: 'rebind-unnamed-port',
      impossible: true,
      technique: 'allowed name that leads to 0.0.0.0 and ::',
      attempt: python(`
for name in ('to-00000000', 'to-' + '0' * 32):
    where = '%s.x%s.allow.example.com' % (name, T[1:])
    try: tcp((socket.getaddrinfo(where, 9)[0][4][0], 8080))
    except OSError as error: print(error)
raise SystemExit(9)`),
      twin: fetch('to-c633640a'),
      cannot: 'these mean the machine itself',
      by: 'loopback is no way off the machine by itself',
      silent: 'loopback is always allowed',
    },
  ],
}
