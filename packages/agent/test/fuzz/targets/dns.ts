import { answersQuery, readAnswer } from '../../../src/dns/answer.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { withoutEch } from '../../../src/dns/ech.ts'
import { MalformedMessage } from '../../../src/dns/name.ts'
import { receiveQuery, writeQuery } from '../../../src/dns/query.ts'
import { readRecords } from '../../../src/dns/rewrite.ts'
import { writeReply } from '../../../src/dns/reply.ts'
import {
  a,
  answerMessage,
  cname,
  growingAnswer,
  queryMessage,
  svcb,
  u16,
} from '../../dns/messages.ts'
import { must, order, type Target } from '../target.ts'

const query = queryMessage({
  id: 1,
  name: 'www.example.com',
  edns: { options: Buffer.concat([u16(10, 8), Buffer.alloc(8)]) },
})
const received = receiveQuery(query)
if (received.kind !== 'query') throw new Error(received.kind)
const asked = received.query

function nameOf(question: Buffer): string {
  return question.toString('latin1').toLowerCase()
}

export const dnsQuery: Target = {
  name: 'dns-query',
  seeds: () => [query, queryMessage({ id: 7, name: 'a.example.org' })],
  words: ['\xc0\x0c', '\x00\x00\x29', '\x00\x01\x00\x01'],
  run: (input) => {
    const outcome = receiveQuery(input)
    if (outcome.kind === 'drop') return 'drop'
    if (outcome.kind === 'reply') {
      const reply = writeReply(outcome.query, outcome.rcode)
      must(reply.readUInt16BE(0) === outcome.query.id, 'a reply to that query')
      return `reply ${outcome.rcode}`
    }
    const again = receiveQuery(writeQuery(outcome.query, 77))
    must(again.kind === 'query', 'a query survives being forwarded')
    must(nameOf(again.query.question) === nameOf(outcome.query.question), 'and asks the same')
    return `query ${order(outcome.query.question.length)}`
  },
}

/** The same message, its last record as long as a message can have it: what is written anew may outgrow it. */
function stretched(message: Buffer): Buffer {
  const last = readRecords(message).at(-1)
  if (!last) return message
  const long = Buffer.alloc(0xffff)
  message.copy(long, 0, 0, last.end)
  long.writeUInt16BE(long.length - last.data, last.head + 8)
  return long
}

export const dnsAnswer: Target = {
  name: 'dns-answer',
  seeds: () => [
    growingAnswer(query, 400),
    answerMessage(query.subarray(0, -23), {
      answers: [
        { type: TYPE.CNAME, data: cname('cdn.example.net') },
        { type: TYPE.A, name: 'cdn.example.net', data: a('192.0.2.1') },
        {
          type: TYPE.HTTPS,
          name: 'cdn.example.net',
          data: svcb(1, 'svc.example.net', { 4: a('192.0.2.2'), 5: Buffer.alloc(40, 9) }),
        },
      ],
      additional: [
        { type: TYPE.MX, name: 'b.example.net', data: Buffer.concat([u16(1), cname('m.test')]) },
      ],
    }),
  ],
  words: ['\xc0\x0c', '\xc0\xff', '\x00\x05\x00\x01', '\x00\x41\x00\x01'],
  run: (input) => {
    if (!answersQuery(input, asked, 1)) return 'of another query'
    try {
      const { aliases, addresses } = readAnswer(input, asked)
      must(aliases.length < 40, 'a chain of bounded length')
      for (const { address, ttl } of addresses)
        must(address.length === 16 && ttl >= 0 && ttl < 2 ** 31, 'addresses with a time')
      const open = withoutEch(input)
      must(withoutEch(open) === open, 'keys are gone after once')
      must(withoutEch(stretched(input)).length <= 0xffff, 'what is passed on is a message')
      return `${order(aliases.length)} ${order(addresses.length)} ${open === input}`
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      return error.message.replaceAll(/\d+/g, 'n')
    }
  },
}
