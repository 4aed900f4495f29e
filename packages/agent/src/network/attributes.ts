const HEADER_BYTES = 4
/** NLA_TYPE_MASK: without the flags for nested attributes and for network order. */
const TYPE_MASK = 0x3fff

export interface Attribute {
  type: number
  data: Buffer
}

/** Attributes of a netlink message (linux/netlink.h, struct nlattr), one after the other. */
export function* attributesOf(bytes: Buffer): Generator<Attribute, void, void> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const length = bytes.readUInt16LE(at)
    if (length < HEADER_BYTES || at + length > bytes.length) return
    yield {
      type: bytes.readUInt16LE(at + 2) & TYPE_MASK,
      data: bytes.subarray(at + HEADER_BYTES, at + length),
    }
    at += (length + 3) & ~3
  }
}

/** What stands below an attribute by this path of types; undefined: there is none. */
export function attributeAt(bytes: Buffer, ...path: readonly number[]): Buffer | undefined {
  let here: Buffer | undefined = bytes
  for (const type of path) {
    if (here === undefined) return undefined
    here = attributesOf(here).find((attribute) => attribute.type === type)?.data
  }
  return here
}

/** A string attribute, without the zero behind it. */
export function textOf(data: Buffer | undefined): string {
  const end = data?.indexOf(0) ?? -1
  return data?.toString('latin1', 0, end < 0 ? data.length : end) ?? ''
}
