// Asks the agent as the action does: `node ask-agent.mjs SOCKET REQUEST`, both also by the environment of an action's stage.
import { createConnection } from 'node:net'

const [, , socket = process.env['INPUT_SOCKET'], request] = process.argv

/** One request, one answer: an agent that is busy is asked again. */
export async function ask(value) {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(value).catch(() => null)
    if (answer !== null || tries === 80) return answer
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function askOnce(value) {
  return new Promise((resolve, reject) => {
    let answer = ''
    const peer = createConnection({ path: socket, allowHalfOpen: true })
    peer.setEncoding('utf8')
    peer.on('connect', () =>
      peer.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`),
    )
    peer.on('data', (text) => (answer += text))
    peer.on('end', () => {
      peer.destroy()
      resolve(answer === '' ? null : JSON.parse(answer))
    })
    peer.on('error', reject)
  })
}

if (request !== undefined) console.log(JSON.stringify(await ask(request)))
