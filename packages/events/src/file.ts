import { z } from 'zod'
import { base } from './base.ts'
import { Truth } from './words.ts'

const file = {
  ...base,
  path: z.string(),
  /** Where the path came from. */
  truth: Truth,
  /** Within the workspace. */
  workspace: z.boolean(),
  /** Why the place is watched beside the workspace, e.g. `ssh-key`; null: it is not. */
  sensitive: z.string().nullable(),
  /** The kernel's errno when the act failed, 0 otherwise. */
  errno: z.int(),
}

export const FileWrite = z.object({ ...file, kind: z.literal('file.write') })
export const FileCreate = z.object({ ...file, kind: z.literal('file.create') })
export const FileDelete = z.object({ ...file, kind: z.literal('file.delete') })
export const FileRead = z.object({ ...file, kind: z.literal('file.read') })
/** A rename or a link: `path` is the old name, `to` the new one. */
export const FileRename = z.object({
  ...file,
  kind: z.literal('file.rename'),
  to: z.string(),
  link: z.enum(['rename', 'hard', 'symbolic']),
})

/**
 * A file of the workspace was changed by another process than the one that wrote it first: told when it has been looked at,
 * some milliseconds after the act. `execId` is who acted last.
 */
export const FileChanged = z.object({
  ...base,
  kind: z.literal('file.changed'),
  path: z.string(),
  truth: Truth,
  /**
   * `restored`: it holds again what it held before, or two acts in a row have left what it held; `unchanged`: one act has;
   * `unknown`: what it holds, or held, was not read.
   */
  state: z.enum(['changed', 'restored', 'unchanged', 'unknown']),
  /** How, since its writer had left it. */
  ways: z.array(z.enum(['write', 'replace', 'link', 'remove'])),
  /** Acts of others since then. */
  acts: z.int(),
  /** `seq` of the first of them. */
  evidence: z.array(z.int()),
  /** Who wrote it first; null: it was there before the run. */
  writer: z
    .object({
      execId: z.string(),
      exe: z.string(),
      /** The beginning of its command line. */
      command: z.string(),
      step: z.string().nullable(),
    })
    .nullable(),
  /** How the one who acts stands to the writer. `same-program`: another process of it in the same step, not related. */
  relation: z.enum(['same-program', 'same-step', 'other-step', 'before-run']),
  /** SHA-256, hexadecimal, of what it held when it was looked at last, and holds; null: not known, `unread` says why. */
  content: z.object({
    before: z.string().nullable(),
    after: z.string().nullable(),
    unread: z.enum(['', 'gone', 'large', 'special', 'elsewhere', 'unreadable', 'budget']),
  }),
  /** The folder of the dependency that it belongs to, e.g. `/w/node_modules/a`; null: it is the checkout's own. */
  dependency: z.string().nullable(),
  /** Programs of those acts. */
  programs: z.array(z.string()),
  /** Programs, by their last names, and what interpreters run, that ran when the first of these acts happened, and descend neither way. */
  alongside: z.array(z.string()),
  /** Programs, by their last names, that opened it for reading while it was open for writing, or mapped so. */
  readers: z.array(z.string()),
})
