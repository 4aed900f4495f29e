/**
 * Lengths of x86-64 instructions, as compilers make them (Intel SDM vol. 2, appendix A and chapter 2). What is
 * not known is said to be so, never guessed.
 */

const ranges = (...pairs: readonly (readonly [number, number])[]): ReadonlySet<number> =>
  new Set(pairs.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)))

/** Arithmetic of the first rows: op r/m,r … in 0-3, op al,imm8 in 4, op eax,imm32 in 5. */
const isArithmetic = (opcode: number): boolean => opcode < 0x40

const prefixes = ranges(
  [0x26, 0x26],
  [0x2e, 0x2e],
  [0x36, 0x36],
  [0x3e, 0x3e],
  [0x64, 0x67],
  [0xf0, 0xf0],
  [0xf2, 0xf3],
)
const invalid = ranges(
  [0x82, 0x82],
  [0x9a, 0x9a],
  [0xce, 0xce],
  [0xd4, 0xd6],
  [0xea, 0xea],
  [0x60, 0x62],
  [0xc4, 0xc5],
)
const withModrm = ranges(
  [0x63, 0x63],
  [0x69, 0x69],
  [0x6b, 0x6b],
  [0x80, 0x8f],
  [0xc0, 0xc1],
  [0xc6, 0xc7],
  [0xd0, 0xd3],
  [0xd8, 0xdf],
  [0xf6, 0xf7],
  [0xfe, 0xff],
)
const withByte = ranges(
  [0x6a, 0x6b],
  [0x70, 0x80],
  [0x83, 0x83],
  [0xa8, 0xa8],
  [0xb0, 0xb7],
  [0xc0, 0xc1],
  [0xc6, 0xc6],
  [0xcd, 0xcd],
  [0xe0, 0xe7],
  [0xeb, 0xeb],
)
const withWord = ranges([0x68, 0x69], [0x81, 0x81], [0xa9, 0xa9], [0xc7, 0xc7])
/** Of the map behind 0F: alone, with a jump's 4 bytes, with one byte behind its operands. */
const second = {
  alone: ranges(
    [0x05, 0x09],
    [0x0b, 0x0b],
    [0x0e, 0x0e],
    [0x30, 0x37],
    [0x77, 0x77],
    [0xa0, 0xa2],
    [0xa8, 0xaa],
    [0xc8, 0xcf],
  ),
  invalid: ranges(
    [0x04, 0x04],
    [0x0a, 0x0a],
    [0x0c, 0x0c],
    [0x0f, 0x0f],
    [0x24, 0x27],
    [0x36, 0x36],
    [0x39, 0x39],
    [0x3b, 0x3f],
    [0xa6, 0xa7],
  ),
  withByte: ranges(
    [0x70, 0x73],
    [0xa4, 0xa4],
    [0xac, 0xac],
    [0xba, 0xba],
    [0xc2, 0xc2],
    [0xc4, 0xc6],
  ),
}

/** Length of the instruction at `at`; 0: unknown, or it goes on behind the end of the code. */
export function lengthAt(code: Uint8Array, at: number): number {
  let next = at
  let small = false
  while (prefixes.has(code[next] as number)) small = code[next++] === 0x66 || small
  let wide = false
  if (((code[next] as number) & 0xf0) === 0x40) wide = ((code[next++] as number) & 8) !== 0
  const end = behind(code, next, small && !wide, wide)
  return end > 0 && end <= code.length && end - at <= 15 ? end - at : 0
}

/** Where an instruction ends whose prefixes end at `at`; 0: unknown. */
function behind(code: Uint8Array, at: number, small: boolean, wide: boolean): number {
  const opcode = code[at]
  if (opcode === undefined) return 0
  if (opcode === 0x0f) return behindSecond(code, at + 1)
  // VEX and EVEX: the map is in the prefix.
  if (opcode === 0xc5) return behindVector(code, at + 2, 1)
  if (opcode === 0xc4) return behindVector(code, at + 3, (code[at + 1] as number) & 31)
  if (opcode === 0x62) return behindVector(code, at + 4, (code[at + 1] as number) & 7)
  if (invalid.has(opcode)) return 0
  const word = small ? 2 : 4
  if (isArithmetic(opcode)) {
    const form = opcode & 7
    if (form < 4) return behindModrm(code, at + 1)
    if (form > 5) return 0
    return at + 1 + (form === 4 ? 1 : word)
  }
  let end = withModrm.has(opcode) ? behindModrm(code, at + 1) : at + 1
  if (withByte.has(opcode)) end += 1
  if (withWord.has(opcode)) end += word
  // test, among others that have no value behind them
  if ((opcode === 0xf6 || opcode === 0xf7) && ((code[at + 1] as number) & 0x38) < 0x10)
    end += opcode === 0xf6 ? 1 : word
  if (opcode === 0xe8 || opcode === 0xe9) end += 4
  if (opcode >= 0xb8 && opcode <= 0xbf) end += wide ? 8 : word
  if (opcode >= 0xa0 && opcode <= 0xa3) end += 8
  if (opcode === 0xc2 || opcode === 0xca) end += 2
  if (opcode === 0xc8) end += 3
  return end
}

function behindSecond(code: Uint8Array, at: number): number {
  const opcode = code[at]
  if (opcode === undefined || second.invalid.has(opcode)) return 0
  if (opcode === 0x38) return behindModrm(code, at + 2)
  if (opcode === 0x3a) return behindModrm(code, at + 2) + 1
  if (opcode >= 0x80 && opcode <= 0x8f) return at + 5
  if (second.alone.has(opcode)) return at + 1
  return behindModrm(code, at + 1) + (second.withByte.has(opcode) ? 1 : 0)
}

function behindVector(code: Uint8Array, at: number, map: number): number {
  const opcode = code[at]
  if (opcode === undefined || map < 1 || map > 3) return 0
  // vzeroupper
  if (map === 1 && opcode === 0x77) return at + 1
  const one = map === 3 || (map === 1 && second.withByte.has(opcode))
  return behindModrm(code, at + 1) + (one ? 1 : 0)
}

/** Behind the operand byte, the scale byte and the displacement. */
function behindModrm(code: Uint8Array, at: number): number {
  const modrm = code[at] ?? 0
  const mode = modrm >> 6
  const base = modrm & 7
  if (mode === 3) return at + 1
  const scaled = base === 4
  const far =
    mode === 2 || (mode === 0 && (base === 5 || (scaled && ((code[at + 1] ?? 0) & 7) === 5)))
  return at + 1 + (scaled ? 1 : 0) + (far ? 4 : mode === 1 ? 1 : 0)
}
