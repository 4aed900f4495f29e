import type { Event } from '@runwarden/events'
import type { JobIndex } from './job-index.ts'

interface Program {
  exe: string | null
  step: string | null
}

/** A row names so many of its programs. */
const most = 10

export function addProgram(programs: Program[], index: JobIndex, event: Event): void {
  if (programs.length < most)
    addProgramOnce(programs, { exe: index.programOf(event), step: event.step })
}

export function addProgramOnce(programs: Program[], { exe, step }: Program): void {
  if (programs.length >= most) return
  if (!programs.some((one) => one.exe === exe && one.step === step)) programs.push({ exe, step })
}

/** Of IPv6, with a zone. */
const longestAddress = 64

/** The first ones, each once. */
export function addAddress(addresses: string[], address: string): void {
  if (
    address !== '' &&
    address.length <= longestAddress &&
    addresses.length < most &&
    !addresses.includes(address)
  )
    addresses.push(address)
}
