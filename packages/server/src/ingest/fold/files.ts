import type { EventOf } from '@runwarden/events'
import { cut } from '../cut.ts'
import type { JobIndex } from './job-index.ts'
import { addProgram } from './programs.ts'

const actions = {
  'file.write': 'write',
  'file.create': 'create',
  'file.delete': 'delete',
  'file.rename': 'rename',
  'file.read': 'read',
} as const

const longest = 4096

export function foldFile(index: JobIndex, event: EventOf<keyof typeof actions>): void {
  const { path, sensitive, workspace, errno, truth, time } = event
  const action = actions[event.kind]
  const to = event.kind === 'file.rename' ? event.to : null
  const program = { exe: index.programOf(event), step: event.step }
  const act = { action, sensitive, workspace, errno, truth, program }
  index.files.touch({ path, to }, act, event)
  index.touched(path, time)
  if (to !== null) index.touched(to, time)
}

export function foldChange(index: JobIndex, event: EventOf<'file.changed'>): void {
  const { path, state, ways, relation, writer, content, dependency, time } = event
  const exe = index.programOf(event)
  const key = JSON.stringify([path, state, exe, event.step])
  const row = index.row('changes', key, event, 0, () => ({
    path,
    state,
    ways: [],
    relation,
    writer: writer && {
      exe: cut(writer.exe, longest),
      command: cut(writer.command, longest),
      step: writer.step && cut(writer.step, longest),
    },
    before: null,
    after: null,
    dependency,
    programs: [],
  }))
  row.count++
  row.data.ways = [...new Set([...row.data.ways, ...ways])]
  row.data.before = content.before
  row.data.after = content.after
  addProgram(row.data.programs, index, event)
  index.touched(path, time)
  for (const hash of new Set([content.before, content.after]))
    if (hash !== null) index.fact('hash', hash, time, 0)
}

export function foldSecret(index: JobIndex, event: EventOf<'secret.found'>): void {
  const { place, path, position, secret, form, proven, hash, time } = event
  const key = JSON.stringify([place, path, position, secret, form, hash])
  const row = index.row('secrets', key, event, 0, () => ({
    place,
    path,
    position,
    secret,
    form,
    proven,
    hash,
    programs: [],
  }))
  row.count++
  addProgram(row.data.programs, index, event)
  index.touched(path, time)
}
