/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import type { ReaderAsk, ReaderReply } from './contract.ts'
import { readContent } from './read.ts'

/** Reads files, so that the agent's own thread never waits for a disk, or for a file system that the job serves. */
const port = parentPort
if (port === null) throw new Error('worker.ts is the program of a thread')
const reply = (message: ReaderReply): void => port.postMessage(message)

/** Files that the walk reads, in all and between two pauses. */
const mostWalked = 20_000
const walkedAtOnce = 20
const pauseMs = 20
/** Folders that change all the time and hold no source. */
const leftOut = new Set(['.git', '.runwarden', '.hg', '.svn'])

port.on('message', (ask: ReaderAsk) => {
  if (ask.kind === 'walk') void walk(ask.root, ask.before)
  else
    reply({ kind: 'read', files: ask.files.map(([number, path]) => [number, readContent(path)]) })
})

/** The checkout first: folders are read one level after the other. */
async function walk(root: string, before: number): Promise<void> {
  let files: [string, string][] = []
  let walked = 0
  const folders = [root]
  for (const folder of folders) {
    // What cannot be listed is not there, or is nobody's business.
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory() && !leftOut.has(entry.name)) folders.push(path)
      if (!entry.isFile()) continue
      if (walked >= mostWalked) return
      walked++
      const { digest, changedMs } = readContent(path)
      if (digest !== null && changedMs < before) files.push([path, digest])
      if (walked % walkedAtOnce !== 0) continue
      reply({ kind: 'walked', files })
      files = []
      await pause(pauseMs)
    }
    if (folders.length > mostWalked) break
  }
  reply({ kind: 'walked', files })
}
