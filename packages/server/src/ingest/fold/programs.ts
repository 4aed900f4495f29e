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

interface Process extends Program {
  execId: string
}

/** A row names so many of its processes. */
export const mostProcesses = 20

/** A fork that runs the program of what it came from is that one. */
export function addProcess(processes: Process[], index: JobIndex, event: Event): void {
  const execId = event.forkOf ?? event.execId
  if (execId === null || processes.length >= mostProcesses) return
  if (!processes.some((one) => one.execId === execId))
    processes.push({ execId, exe: index.programOf(event), step: event.step })
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
