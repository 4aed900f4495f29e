import type { Row } from '../case.ts'

const connect = 'connect: `EPERM`'
const acts = [
  ['uring-connect', 'connect'],
  ['uring-send', 'sendmsg'],
] as const
const own = [
  ['socket', 'socket, connect and send made by the ring'],
  ['chain', 'connect and send as one chain'],
  ['sqpoll', 'a kernel thread acts (SQPOLL)'],
  ['datagram', 'send over a connected UDP socket'],
  ['zero-copy', 'send without copy over a connected UDP socket'],
  ['send-to', 'send with a destination'],
  ['zero-copy-to', 'send without copy, with a destination'],
] as const

export const ioUring: Row = {
  row: 15,
  title: 'io_uring',
  cases: [
    ...acts.flatMap(([act, what]) =>
      [
        ['4', '$D4'],
        ['6', '$D6'],
      ].map(([family, address]) => ({
        id: `${act}-${family}`,
        technique: `${what}, IPv${family}`,
        attempt: `$ACT ${act} ${address} 8080 | tee /dev/stderr | grep -q '^ok'`,
        by: connect,
      })),
    ),
    ...own.flatMap(([act, what]) =>
      [
        ['4', '$D4'],
        ['6', '$D6'],
      ].map(([family, address]) => ({
        id: `uring-${act}-${family}`,
        technique: `${what}, IPv${family}`,
        attempt: `$URING ${act} ${address} 8080 $T`,
        by: act === 'datagram' || act === 'zero-copy' ? 'packet: `EPERM`' : connect,
      })),
    ),
    {
      id: 'uring-raw',
      technique: 'raw socket made by the ring',
      as: ['root'],
      attempt: '$URING raw $D4 8080 $T',
      twin: '$URING socket $D4 8080 $T',
      by: 'socket: no raw socket',
    },
  ],
}
