import { AgentClient } from './client.ts'
import { explain, fail, runStage, warn } from './failure.ts'
import { Log } from './log.ts'
import { setOutput } from './outputs.ts'
import { kept } from './state.ts'

/** The action's own step: says how the job is watched. */
const log = new Log()

async function main(): Promise<void> {
  const state = kept()
  if (state === null) {
    fail(
      log,
      "The action's pre stage did not run, so the job is not protected: have the action as a step of the job itself, not of a local action, and not skipped by 'if:'.",
    )
    return
  }
  const { watching, failMode, insightsUrl } = state
  // Of the outputs the one that is known now: what post sets, the runner hands to nobody.
  setOutput('insights-url', insightsUrl ?? '')
  if (watching.by !== 'agent') {
    const what = watching.by === 'another' ? watching.reason : `NOT PROTECTED. ${watching.reason}`
    if (watching.by !== 'observer' && watching.fails) fail(log, what)
    else warn(log, what)
    return
  }
  try {
    const { egress, tier, gaps } = await new AgentClient(watching.socket, watching.nonce).status()
    log.line(
      egress === 'block'
        ? `What the policy does not allow is blocked (tier ${tier}).`
        : `Nothing is blocked but what the block list names: egress-policy is audit (tier ${tier}).`,
    )
    for (const gap of gaps) log.line(`Not seen, or not enforced: ${gap}`)
    if (insightsUrl !== null)
      log.line(`View security insights and recommended policy at: ${insightsUrl}`)
  } catch (error) {
    const what = `The agent does not answer for this job: ${explain(error)}`
    if (failMode === 'closed') fail(log, what)
    else warn(log, `NOT PROTECTED as far as can be seen. ${what}`)
  }
}

await runStage(log, main, 'How this job is watched could not be told')
