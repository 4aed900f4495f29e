import { writeSync } from 'node:fs'

const waiting = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes to standard output (1) or error (2), which the command shares. Node's own streams would
 * make a pipe non-blocking, for every process that has it, and the command's writes to it fail.
 */
export function writeText(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      // Nobody reads any more: no reason to fail.
      if (code !== 'EAGAIN') return
      // Somebody else has made it non-blocking, and it is full.
      Atomics.wait(waiting, 0, 0, 1)
    }
  }
}
