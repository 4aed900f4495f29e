import { registerHooks } from 'node:module'

/** The package is made for bundlers: it imports JSON without saying so, which node wants said. */
const hooks = registerHooks({
  load: (url, context, next) =>
    next(
      url,
      url.includes('/@actions/workflow-parser/') && url.endsWith('.json')
        ? { ...context, importAttributes: { type: 'json' } }
        : context,
    ),
})

/** GitHub's own parsers of workflows and of action.yml. */
export const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } =
  await import('@actions/workflow-parser')
export const { convertActionTemplate, parseAction } =
  await import('@actions/workflow-parser/actions/index')

hooks.deregister()
