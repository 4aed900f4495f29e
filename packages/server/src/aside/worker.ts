/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
/** The thread of src/aside/aside.ts. */
import { parentPort } from 'node:worker_threads'
import { HttpError } from '../error.ts'
import type { AsideAsk, AsideTold } from './contract.ts'
import { readFinish } from './read-finish.ts'
import { why } from './why.ts'

const port = parentPort
if (port === null) throw new Error('this is a thread of the server')

port.on('message', (ask: AsideAsk) => {
  void answer(ask).then((told) => port.postMessage(told))
})

async function answer(ask: AsideAsk): Promise<AsideTold> {
  try {
    return { made: ask.kind === 'finish' ? await readFinish(ask.given) : why(ask.given) }
  } catch (error) {
    if (!(error instanceof HttpError)) return { failed: String((error as Error).stack) }
    const { statusCode: status, code, message, where } = error
    return { refused: { status, code, message, where } }
  }
}
