import { lengthAt } from './x86-length.ts'

/**
 * Where a function's return instructions are, bytes from its begin.
 * @returns undefined when its code cannot be followed
 */
export function returnsOf(code: Buffer, arch: string = process.arch): number[] | undefined {
  const returns: number[] = []
  if (arch === 'arm64') {
    // ret x30
    for (let at = 0; at + 4 <= code.length; at += 4)
      if (code.readUInt32LE(at) === 0xd65f03c0) returns.push(at)
    return returns
  }
  for (let at = 0; at < code.length;) {
    const length = lengthAt(code, at)
    if (length === 0) return undefined
    if (code[at] === 0xc3) returns.push(at)
    at += length
  }
  return returns
}
