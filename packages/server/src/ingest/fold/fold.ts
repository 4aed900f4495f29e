import type { Event, EventOf } from '@runwarden/events'
import { foldChange, foldFile, foldSecret } from './files.ts'
import { cut } from '../cut.ts'
import type { JobIndex } from './job-index.ts'
import { foldHealth } from './health.ts'
import { foldConnection, foldDns, foldOpaque, foldRequest, foldResponse } from './network.ts'
import { foldExec, foldExit, foldSandbox } from './processes.ts'
import { foldProgram } from './started-programs.ts'

/** Longer texts are cut in the index: no path of a kernel is longer, and a forged one costs no more. */
const longest = 4096

/**
 * Adds an event to its job's index.
 * @param length characters of its JSON
 * @returns the detection that it is
 */
export function fold(
  index: JobIndex,
  event: Event,
  length: number,
): EventOf<'detection'> | undefined {
  if (event.kind === 'detection') return event
  if (length > longest) cutTexts(event)
  index.acts.add(event)
  switch (event.kind) {
    case 'net.connect':
    case 'net.flow':
      foldConnection(index, event)
      break
    case 'dns.query':
      foldDns(index, event)
      break
    case 'http.request':
      foldRequest(index, event)
      break
    case 'http.response':
      foldResponse(index, event)
      break
    case 'http.opaque':
      foldOpaque(index, event)
      break
    case 'file.write':
    case 'file.create':
    case 'file.delete':
    case 'file.read':
    case 'file.rename':
      foldFile(index, event)
      break
    case 'file.changed':
      foldChange(index, event)
      break
    case 'process.exec':
      foldExec(index, event)
      break
    case 'process.program':
      foldProgram(index, event)
      break
    case 'process.exit':
      foldExit(index, event)
      break
    case 'sandbox.change':
      foldSandbox(index, event)
      break
    case 'secret.found':
      foldSecret(index, event)
      break
    case 'agent.health':
      foldHealth(index, event)
      break
    // In the timeline alone.
    case 'step.start':
  }
  return undefined
}

export function cutTexts(event: Event): void {
  for (const [name, value] of Object.entries(event))
    if (typeof value === 'string') Object.assign(event, { [name]: cut(value, longest) })
}
