import { createInterface } from 'node:readline'
import { GitHub } from './github.ts'
import type { GitHubAnswers, GitHubCommand } from './protocol.ts'

/** A GitHub in the network namespace that it is started in; see protocol.ts. It ends when its standard input does. */

let github: GitHub | undefined

async function perform(command: GitHubCommand): Promise<GitHubAnswers[GitHubCommand['do']]> {
  if (command.do === 'start') {
    github = await GitHub.start(command.options)
    return { token: github.token }
  }
  if (github === undefined) throw new Error('it is not started')
  if (command.do === 'fail') {
    github.fail(command.part, ...command.faults)
    return true
  }
  if (command.do === 'job') {
    const job = github.addJob(command.run ?? undefined)
    return { job, services: github.services(job) }
  }
  return {
    requests: github.requests,
    artifacts: github.artifacts.map(({ name, finalized, content }) => ({
      name,
      finalized,
      content: content?.toString('base64') ?? null,
    })),
    cacheKeys: github.cacheKeys,
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await perform(JSON.parse(line) as GitHubCommand)
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
process.exit()
