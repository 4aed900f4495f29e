import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { AgentError, errnoOf, messageOf } from '../errors.ts'
import { make, undo, type Change } from './changes.ts'
import { ownFile, removeFresh, replaceFile } from './replace-file.ts'

/**
 * What was changed on the machine, on disk before each change is made: whatever ends this process, it can be
 * undone. The file holds what was in /etc/gshadow: it is root's alone.
 */
export class ChangeRecord {
  readonly path: string
  #changes: Change[]

  private constructor(path: string, changes: Change[]) {
    this.path = path
    this.#changes = changes
  }

  /** The record at this path, or a new one. @throws AgentError when there is one that can't be read */
  static open(path: string): ChangeRecord {
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return new ChangeRecord(path, [])
      throw unreadable(path, error)
    }
    try {
      return new ChangeRecord(path, JSON.parse(text) as Change[])
    } catch (error) {
      throw unreadable(path, error)
    }
  }

  get changes(): readonly Change[] {
    return this.#changes
  }

  /** Records the change, then makes it. */
  make(change: Change): void {
    this.#changes.push(change)
    this.#write()
    make(change)
  }

  /**
   * Undoes the changes after the first `keep`, the last one first. Goes on when one can't be undone now: that one stays on record, and
   * is tried again with the next call. What stays changed for good is said once.
   * @returns a sentence for each that stays
   */
  undo(keep = 0): string[] {
    const stays: Change[] = []
    const sentences: string[] = []
    for (const change of this.#changes.slice(keep).toReversed()) {
      try {
        const sentence = undo(change)
        if (sentence !== undefined) sentences.push(sentence)
      } catch (error) {
        sentences.push(`${describe(change)} cannot be undone: ${messageOf(error)}`)
        stays.unshift(change)
      }
    }
    this.#changes = [...this.#changes.slice(0, keep), ...stays]
    try {
      this.#write()
    } catch (error) {
      // The one that is there has all of them: to undo them again does no harm.
      sentences.push(messageOf(error))
    }
    return sentences
  }

  #write(): void {
    // One that was cut short may be there.
    removeFresh(this.path)
    if (this.#changes.length === 0) {
      rmSync(this.path, { force: true })
      return
    }
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
    replaceFile(this.path, Buffer.from(JSON.stringify(this.#changes)), ownFile)
  }
}

/** What a change is about, for a person. */
export function describe(change: Change): string {
  switch (change.kind) {
    case 'file':
    case 'setting':
      return change.path
    case 'access':
      return `the permissions of ${change.path}`
    case 'nosuid':
      return `setuid bits on ${change.mounts.map(({ path }) => path).join(', ')}`
    case 'unit':
      return change.name
    case 'ended':
      return `${change.name} (process ${change.pid})`
  }
}

function unreadable(path: string, cause: unknown): AgentError {
  return new AgentError(
    'HARDEN_RECORD',
    `${path}, the record of what was changed on this machine, cannot be read: ${messageOf(cause)}`,
    'set the machine up anew',
    { cause },
  )
}
