/**
 * Says in which packages and in which ten files the workers spent their time, by what scripts/time-tests.ts has kept:
 *
 *   node scripts/slowest-tests.ts TIMES.json …
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Times } from './time-tests.ts'

interface Timed {
  project: string
  file: string
  seconds: number
}

const all = process.argv.slice(2).flatMap((path): Timed[] => {
  if (!existsSync(path)) return []
  const project = basename(path, '.times.json')
  const times = JSON.parse(readFileSync(path, 'utf8')) as Times
  return Object.entries(times).map(([file, seconds]) => ({ project, file, seconds }))
})
const sums = Object.groupBy(all, ({ project, file }) => `${project} ${file.split('/')[1]}`)
const told = Object.entries(sums)
  .map(([name, files = []]) => ({
    name,
    seconds: files.reduce((sum, one) => sum + one.seconds, 0),
  }))
  .toSorted((a, b) => b.seconds - a.seconds)
  .map(({ name, seconds }) => `${name} ${seconds.toFixed(0)}`)
console.log(`tests: seconds of workers: ${told.join(', ')}`)
for (const { file, seconds } of all.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10))
  console.log(`tests: ${seconds.toFixed(0)} s ${file}`)
