/** A process whose onBatch throws for the first two batches, and that goes on. */
import { openObject, RingReader } from '../src/index.ts'
import { order, records } from './fixtures.ts'

const object = openObject(process.argv[2] ?? '')
object.load()
const caught: string[] = []
const numbers: number[] = []
let batches = 0
process.on('uncaughtException', (error) => caught.push(error.message))
const reader = new RingReader({
  maps: [object.map('urgent')],
  bufferBytes: 4096,
  wake: true,
  onBatch(buffer, bytes) {
    batches++
    for (const record of records(buffer, bytes)) numbers.push(record.number)
    if (numbers.length === 150) reader.close()
    if (batches <= 2) throw new Error(`batch ${batches}`)
  },
})
process.on('exit', () => process.stdout.write(JSON.stringify({ caught, numbers })))
object.run('flood', order({ count: 100 }))
object.run('flood', order({ first: 100, count: 50 }))
