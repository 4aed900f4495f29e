/** `npm run replay -- NAME [--block]`: shows an attack, what was found in it and what reached the attacker; `--table` writes docs/replays.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { replays } from './attacks/index.ts'
import { chainOf, missing } from './evidence.ts'
import { play } from './play.ts'
import { insertReplays } from './table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    block: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
})
if (values.table) {
  const page = new URL('../../../../docs/replays.md', import.meta.url)
  writeFileSync(page, insertReplays(readFileSync(page, 'utf8')))
  process.exit()
}
const replay = replays.find(({ name }) => name === positionals[0])
if (replay === undefined) {
  console.error('usage: npm run replay -- NAME [--block]\n')
  for (const { name, title } of replays) console.error(`  ${name.padEnd(14)} ${title}`)
  process.exit(2)
}
const mode = values.block ? 'block' : 'audit'
console.log(`${replay.title}, in ${mode} mode\n`)
console.log(readFileSync(join(replay.folder, 'workflow.yml'), 'utf8'))
const { report, stdout, stderr, arrived, stolen } = await play(replay, mode)
console.log(`${stdout}${stderr}`)
for (const { id, severity, execId, step, title, acts } of report.detections) {
  console.log(`${severity} ${id}: ${title}`)
  console.log(`  step ${step}: ${chainOf(report, execId).join(' > ')}`)
  for (const { text } of acts) console.log(`  ${text.slice(0, 200)}`)
}
console.log(`\nreached the attacker's servers: ${arrived.join('; ') || 'nothing'}`)
console.log(`with the job's token in it: ${stolen.join('; ') || 'none'}`)
const lacks = missing(report, values.block ? replay.block : replay.audit)
for (const one of lacks) console.log(`not found, though it should be: ${one}`)
process.exitCode = lacks.length > 0 || (values.block && arrived.length > 0) ? 1 : 0
