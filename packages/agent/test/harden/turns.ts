/**
 * turns FOLDER COUNT [killed]: takes so many turns, as others do; each says whether it was alone, and what else was there. One that is to be killed ends so in its last.
 */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeTurn } from '../../src/turn.ts'

const [, , folder = '', count, killed] = process.argv
const inside = join(folder, 'inside')
for (let left = Number(count); left > 0;) {
  using turn = takeTurn(join(folder, 'lock'))
  if (turn === undefined) continue
  left--
  try {
    writeFileSync(inside, '', { flag: 'wx' })
    appendFileSync(join(folder, 'turns'), 'alone\n')
    rmSync(inside)
  } catch (error) {
    appendFileSync(join(folder, 'turns'), `${String(error)}\n`)
  }
  // It leaves its file.
  if (left === 0 && killed !== undefined) process.kill(process.pid, 'SIGKILL')
}
