import type { Code, Elf } from './elf.ts'
import { UnreadableFile, Window } from './window.ts'

/** Where Go's own table of functions is: also stripped programs have it, their stacks cannot be walked without. */
const tableSections = ['.gopclntab', '.data.rel.ro.gopclntab']

/** First word of the table: since Go 1.18, since Go 1.20 (internal/abi/symtab.go). */
const magics = new Set([0xfffffff0, 0xfffffff1])
/** Go 1.2 to 1.17: other layouts, and for the older ones other calls. */
const oldMagics = new Set([0xfffffffb, 0xfffffffa])

const HEADER_BYTES = 72
const MOST_FUNCTIONS = 4 << 20

/** Whether a program was made by Go's compiler. */
export function isGo(elf: Elf): boolean {
  return elf.section(...tableSections) !== undefined
}

/**
 * Functions of a Go program by name, e.g. `crypto/tls.(*Conn).Write`.
 * @throws UnreadableFile when the table is of another kind than Go 1.18 and later write
 */
export function goFunctions(elf: Elf, names: readonly string[]): Map<string, Code> {
  const found = new Map<string, Code>()
  const table = elf.section(...tableSections)
  if (!table) return found
  const header = elf.read(table.offset, HEADER_BYTES)
  if (header.length < HEADER_BYTES) throw new UnreadableFile('its table of functions is cut short')
  const magic = header.readUInt32LE(0)
  if (oldMagics.has(magic)) throw new UnreadableFile('made by Go before 1.18')
  if (!magics.has(magic) || header[7] !== 8)
    throw new UnreadableFile('a table of functions of another kind')
  const word = (index: number): number => Number(header.readBigUInt64LE(8 + index * 8))
  const count = word(0)
  const [textStart, namesAt, unitsAt, functionsAt] = [word(2), word(3), word(4), word(7)]
  if (count > MOST_FUNCTIONS || unitsAt < namesAt || functionsAt > table.size)
    throw new UnreadableFile('a table of functions that is not one')
  // Since Go 1.26 the begin of the code is not in the table.
  const text = textStart === 0 ? (elf.section('.text')?.address ?? 0) : textStart
  const wanted = new Map<number, string>()
  const texts = names.map((name) => `\0${name}\0`)
  for (const [text, at] of elf.window.find(table.offset + namesAt, unitsAt - namesAt, texts, 1))
    wanted.set(at + 1, text.slice(1, -1))
  if (wanted.size === 0) return found
  // What is said of each function is in the order of the functions: two places that move along.
  const functions = table.offset + functionsAt
  const about = new Window(elf.fd)
  for (let i = 0; i < count && found.size < wanted.size; i++) {
    const name = wanted.get(about.u32(functions + elf.window.u32(functions + i * 8 + 4) + 4))
    if (name === undefined) continue
    const begin = elf.window.u32(functions + i * 8)
    const size = elf.window.u32(functions + i * 8 + 8) - begin
    const offset = elf.offsetOf(text + begin)
    if (offset !== undefined && size > 0) found.set(name, { offset, size })
  }
  return found
}
