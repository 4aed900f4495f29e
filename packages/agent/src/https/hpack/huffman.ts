import { Undecodable } from '../undecodable.ts'

/**
 * Length in bits of the code of each byte and of EOS (RFC 7541, Appendix B), in base 36. The code is
 * canonical: lengths alone determine it.
 */
const lengths =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu'
const EOS = 256

/** A binary tree: two numbers a node, each the index of a child node, or below zero: -1 - symbol. */
const tree = buildTree()

function buildTree(): Int16Array {
  const nodes = [0, 0]
  const order = [...lengths]
    .map((length, symbol) => ({ length: parseInt(length, 36), symbol }))
    .toSorted((a, b) => a.length - b.length || a.symbol - b.symbol)
  let code = 0
  let before = 0
  for (const { length, symbol } of order) {
    code *= 2 ** (length - before)
    before = length
    let node = 0
    for (let bit = length - 1; bit > 0; bit--) {
      const at = node * 2 + (Math.floor(code / 2 ** bit) & 1)
      let child = nodes[at] ?? 0
      if (child === 0) {
        child = nodes.length / 2
        nodes[at] = child
        nodes.push(0, 0)
      }
      node = child
    }
    nodes[node * 2 + (code & 1)] = -1 - symbol
    code++
  }
  return Int16Array.from(nodes)
}

/**
 * Decodes `bytes` into `out` as far as there is room.
 * @returns the length of the whole text, also of what found no room
 * @throws Undecodable for EOS in the text or wrong padding (RFC 7541 §5.2)
 */
export function huffmanDecode(bytes: Buffer, out: Buffer | null): number {
  const room = out === null ? 0 : out.length
  let length = 0
  let node = 0
  /** Bits since the last symbol, and whether all of them are ones. */
  let depth = 0
  let ones = true
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >> bit) & 1
      ones = ones && one === 1
      depth++
      const next = tree[node * 2 + one] ?? 0
      if (next >= 0) {
        node = next
        continue
      }
      const symbol = -1 - next
      if (symbol === EOS) throw new Undecodable('malformed', 'EOS in a Huffman-coded text')
      if (out !== null && length < room) out[length] = symbol
      length++
      node = 0
      depth = 0
      ones = true
    }
  }
  if (depth > 7 || !ones)
    throw new Undecodable('malformed', 'wrong padding of a Huffman-coded text')
  return length
}
