/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
/** The thread of src/aside/aside.ts. */
import { parentPort } from 'node:worker_threads'
import { HttpError } from '../error.ts'
import { checkPolicy } from '../policies/check.ts'
import type { AsideAsk, AsideTold, AsideWork } from './contract.ts'
import { type ReadFinish, readFinish } from './read-finish.ts'
import { why } from './why.ts'

const port = parentPort
if (port === null) throw new Error('this is a thread of the server')

port.on('message', (ask: AsideAsk) => {
  void answer(ask).then((told) => port.postMessage(told))
})

async function answer(ask: AsideAsk): Promise<AsideTold> {
  try {
    return { made: await make(ask) }
  } catch (error) {
    if (!(error instanceof HttpError)) return { failed: error }
    const { statusCode: status, code, message, where } = error
    return { refused: { status, code, message, where } }
  }
}

function make(ask: AsideAsk): AsideWork[keyof AsideWork]['made'] | Promise<ReadFinish> {
  switch (ask.kind) {
    case 'finish':
      return readFinish(ask.given)
    case 'why':
      return why(ask.given)
    case 'check':
      return [...checkPolicy(ask.given.text, ask.given.name).warnings]
  }
}
