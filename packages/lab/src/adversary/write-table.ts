/** Writes the suite's table into docs/security-model.md: what `scripts/test adversary --write` does last. */
import { readFileSync, writeFileSync } from 'node:fs'
import { insertTable } from './table.ts'

const page = new URL('../../../../docs/security-model.md', import.meta.url)
writeFileSync(page, insertTable(readFileSync(page, 'utf8')))
