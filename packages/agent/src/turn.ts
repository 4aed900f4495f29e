import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from 'node:fs'
import { lockFile } from '@runwarden/libbpf'
import { errnoOf } from './errors.ts'

const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants

/**
 * A process's turn, by a file that it has for itself: the kernel gives it to one, and takes it back when that one ends, however it ends.
 * @returns undefined: it is another one's
 * @throws Error of the system, ENOENT when the folder is not there
 */
export function takeTurn(file: string): Disposable | undefined {
  const fd = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
  try {
    // Who had it before has removed it meanwhile: then the next one has made another, and that is the one that counts.
    if (lockFile(fd) && isSame(fd, file)) return turn(file, fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  return undefined
}

function turn(file: string, fd: number): Disposable {
  return {
    [Symbol.dispose]() {
      // Before it is given back: later it may be the next one's.
      rmSync(file, { force: true })
      closeSync(fd)
    },
  }
}

function isSame(fd: number, file: string): boolean {
  const own = fstatSync(fd, { bigint: true })
  try {
    const { dev, ino } = statSync(file, { bigint: true })
    return dev === own.dev && ino === own.ino
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
