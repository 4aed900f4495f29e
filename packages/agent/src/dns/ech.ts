import { CLASS_IN, TYPE } from './codes.ts'
import { MalformedMessage } from './name.ts'
import { MessageWriter, type RawRecord, readRecords, wireName } from './rewrite.ts'

const MANDATORY = 0
const ECH = 5
/** Authentic data (RFC 4035): the resolver vouches for what it sent, not for what we make of it. */
const AD = 0x0020

/**
 * An answer whose service bindings (HTTPS, SVCB) hold no keys for Encrypted ClientHello: clients then
 * name the host of a connection in the open, as those without ECH do, and packet rules can tell it. A binding
 * that cannot be used without ECH (its `mandatory` says so) is left out; AliasMode has no parameters that
 * count (RFC 9460 §2.4.2). Of a changed message the AD bit and the signatures over bindings go too: they
 * would not hold. Returns the message itself where there is nothing to take. Throws MalformedMessage.
 */
export function withoutEch(message: Buffer): Buffer {
  const records = readRecords(message)
  if (
    !records.some((record) => isBinding(message, record) && ofBinding(message, record) !== 'same')
  )
    return message
  const writer = new MessageWriter(message)
  for (const record of records) {
    if (signsBindings(message, record)) continue
    const change = isBinding(message, record) ? ofBinding(message, record) : 'same'
    if (change === 'same') writer.add(record)
    else if (change !== 'drop') writer.add(record, change)
  }
  const changed = writer.finish()
  changed.writeUInt16BE(changed.readUInt16BE(2) & ~AD, 2)
  return changed
}

function isBinding(message: Buffer, { type, head }: RawRecord): boolean {
  return (type === TYPE.HTTPS || type === TYPE.SVCB) && message.readUInt16BE(head + 2) === CLASS_IN
}

function signsBindings(message: Buffer, { type, data, end }: RawRecord): boolean {
  if (type !== TYPE.RRSIG || end - data < 2) return false
  const covered = message.readUInt16BE(data)
  return covered === TYPE.HTTPS || covered === TYPE.SVCB
}

/** The data of a binding without its ECH keys, or what else becomes of it. */
function ofBinding(message: Buffer, { data, end }: RawRecord): Buffer | 'same' | 'drop' {
  if (end - data < 3) throw new MalformedMessage('a service binding is cut off')
  if (message.readUInt16BE(data) === 0) return 'same'
  const target = wireName(message, data + 2)
  const kept: Buffer[] = [message.subarray(data, data + 2), target.name]
  let found = false
  for (let at = target.end; at < end;) {
    if (at + 4 > end) throw new MalformedMessage('a service parameter is cut off')
    const key = message.readUInt16BE(at)
    const value = at + 4
    const stop = value + message.readUInt16BE(at + 2)
    if (stop > end) throw new MalformedMessage('a service parameter is cut off')
    if (key === MANDATORY)
      for (let i = value; i + 2 <= stop; i += 2) if (message.readUInt16BE(i) === ECH) return 'drop'
    if (key === ECH) found = true
    else kept.push(message.subarray(at, stop))
    at = stop
  }
  return found ? Buffer.concat(kept) : 'same'
}
