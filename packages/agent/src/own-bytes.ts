import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'

/**
 * Node reads its arguments and variables as UTF-8, and what is none it changes. The bytes of a command's, as this process was
 * given them, in the form that `enter` takes (libbpf/native/enter.c); empty where node has them right, nearly always.
 * @param command the last of this process's arguments
 * @param env what the command gets, as node has it
 * @param asideAs the name that a variable of this process has for the command
 */
export function ownBytes(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  asideAs: (name: string) => string,
): Buffer {
  const found: Buffer[] = []
  const add = (head: string, bytes: Buffer) => found.push(Buffer.from(`${head}=`), bytes, nul)
  if (command.some(isChanged)) {
    const words = partsOf('/proc/self/cmdline').slice(-command.length)
    for (const [i, bytes] of words.entries())
      if (!isUtf8(bytes) && bytes.toString() === command[i]) add(`A${i}`, bytes)
  }
  if (Object.values(env).some((value) => value !== undefined && isChanged(value)))
    for (const variable of partsOf('/proc/self/environ')) {
      const [name = ''] = variable.toString().split('=', 1)
      const bytes = variable.subarray(Buffer.byteLength(name) + 1)
      const called = asideAs(name)
      // One that the command gets another value of, or none, is not what it was given.
      if (!isUtf8(bytes) && env[called] === bytes.toString()) add(`E${called}`, bytes)
    }
  return Buffer.concat(found)
}

const nul = Buffer.alloc(1)

/** It has what node puts where there is no UTF-8. */
const isChanged = (text: string): boolean => text.includes('\u{FFFD}')

function partsOf(path: string): Buffer[] {
  const all = readFileSync(path)
  const parts: Buffer[] = []
  for (let from = 0, to; (to = all.indexOf(0, from)) >= 0; from = to + 1)
    parts.push(all.subarray(from, to))
  return parts
}
