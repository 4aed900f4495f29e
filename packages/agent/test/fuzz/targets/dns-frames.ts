import { frame, FrameReader } from '../../../src/dns/frames.ts'
import { must, order, type Target } from '../target.ts'

/** A stream of DNS over TCP in parts: before each its length, two bytes. */
function partsOf(input: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at + 2 <= input.length;) {
    const part = input.subarray(at + 2, at + 2 + (input.readUInt16BE(at) & 0x1ff))
    parts.push(part)
    at += 2 + part.length
  }
  return parts
}

function messagesOf(parts: readonly Buffer[]): { messages: Buffer[]; incomplete: number } {
  const reader = new FrameReader()
  const messages = parts.flatMap((part) => reader.push(part))
  return { messages, incomplete: reader.incomplete }
}

function stream(...parts: Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(part.length)
      return [length, part]
    }),
  )
}

const message = frame(Buffer.alloc(40, 7))

/** What whoever asks by TCP sends: messages, cut wherever they like. */
export const dnsFrames: Target = {
  name: 'dns-frames',
  seeds: () => [
    stream(message, Buffer.concat([message, message])),
    stream(message.subarray(0, 1), message.subarray(1, 2), message.subarray(2)),
    stream(Buffer.concat([frame(Buffer.alloc(0)), message.subarray(0, 9)]), message.subarray(9)),
  ],
  words: ['\0\0', '\0\x01', '\xff\xff', '\0\x28'],
  run: (input) => {
    const parts = partsOf(input)
    const bytes = Buffer.concat(parts)
    const { messages, incomplete } = messagesOf(parts)
    const held = bytes.subarray(bytes.length - incomplete)
    must(
      Buffer.concat([...messages.map((one) => frame(one)), held]).equals(bytes),
      'every byte is in a message, or waits',
    )
    must(
      held.length < 2 || held.length < 2 + held.readUInt16BE(0),
      'what waits is no whole message',
    )
    const once = messagesOf([...bytes].map((byte) => Buffer.of(byte)))
    must(once.messages.length === messages.length, 'the same byte by byte')
    return `${order(parts.length)} ${order(messages.length)} ${order(incomplete)} ${order(Math.max(0, ...messages.map(({ length }) => length)))}`
  },
}
