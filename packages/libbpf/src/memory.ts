import { native } from './native.ts'

/**
 * Gives back the resident pages of programs and their constants that this process has mapped: most are for its start
 * only. They stay in the page cache; what is used again is mapped again, without reading a disk. What malloc holds free goes back, too.
 * @returns bytes that were resident; 0 when /proc/self/smaps can't be read
 */
export function dropFilePages(): number {
  return native().dropFilePages()
}

/**
 * No image of this process's memory is written to a disk when it crashes, by the kernel or by a program that core_pattern names. What
 * it starts has the limit (RLIMIT_CORE: 0), too.
 * @returns false: the kernel refused it
 */
export function refuseCoreDumps(): boolean {
  return native().refuseCoreDumps()
}
