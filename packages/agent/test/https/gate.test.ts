import type { TlsOffer } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { Budget } from '../../src/https/budget.ts'
import { type GateParts, RequestGate } from '../../src/https/gate.ts'
import { MAX_SESSIONS } from '../../src/https/limits.ts'
import { HttpSession } from '../../src/https/session.ts'

/** No process has it: nobody is signalled. */
const nobody = 0x7fffffff

/** A gate over the connections of one program. */
class Rig {
  readonly refused: string[] = []
  readonly forgotten: bigint[] = []
  readonly gate: RequestGate
  private readonly sessions = new Map<bigint, HttpSession>()

  constructor() {
    const budget = new Budget()
    const grants = new Map<string, Buffer>()
    this.gate = new RequestGate({
      grants: {
        get: (key) => grants.get(Buffer.from(key).toString()),
        set: (key, value) => void grants.set(Buffer.from(key).toString(), Buffer.from(value)),
      } as GateParts['grants'],
      endUngranted: () => {},
      read: (chunk) => {
        let session = this.sessions.get(chunk.session)
        if (session === undefined) {
          session = new HttpSession(
            {
              request: ({ head }) => void this.gate.found(head.host, null),
              response: () => {},
            },
            budget,
          )
          this.sessions.set(chunk.session, session)
        }
        session.push(chunk)
        return session
      },
      asks: () => {},
      free: () => {},
      learn: () => {},
      forget: ({ session }) => void this.forgotten.push(session),
      refused: (_offer, _host, why) => void this.refused.push(why),
    })
  }

  offer(session: number, text: string, sent = 0): void {
    const data = Buffer.from(text)
    const offer: TlsOffer = {
      time: 0,
      execId: 'one',
      pid: nobody,
      start: 1n,
      family: Buffer.from('family'),
      library: 'openssl',
      session: BigInt(session),
      data,
      size: data.length,
      sent,
      goesOn: false,
      allowed: false,
    }
    this.gate.offer(offer)
  }
}

const post = (length: number): string =>
  `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`

test('what is offered again must be the same, and is refused where nobody knows any more', () => {
  const rig = new Rig()
  const large = post(1 << 20)
  for (let session = 0; session < 70; session++) rig.offer(session, large)
  expect(rig.refused).toEqual([])
  // All of it was sent.
  rig.offer(1, post(3), large.length)
  // The newest are known yet.
  rig.offer(69, large)
  rig.offer(68, large.slice(0, 100), large.length - 100)
  expect(rig.refused).toEqual(['what was to be sent again was changed'])
  rig.offer(0, large)
  rig.offer(2, large.slice(-100), large.length - 100)
  expect(rig.refused.slice(1)).toEqual(
    Array(2).fill('what was to be sent again is not known any more'),
  )
})

test('so many connections are followed; the kernel forgets those of a process that has ended', () => {
  const rig = new Rig()
  for (let session = 0; session <= MAX_SESSIONS; session++) rig.offer(session, post(0))
  const knows = (session: number): boolean =>
    rig.gate.knows({ execId: 'one', session: BigInt(session) })
  expect([0, 1, MAX_SESSIONS].map(knows)).toEqual([false, true, true])
  rig.gate.closed({ execId: 'one', session: 1n })
  rig.gate.exited('one')
  expect(knows(2)).toBe(false)
  expect(rig.forgotten).toHaveLength(MAX_SESSIONS - 1)
})
