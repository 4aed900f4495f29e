/** One entry of a policy's `allow`, as it is written there. */
export interface Entry {
  endpoint: string
  /** `allowed-endpoints` can't say all of it: it is narrowed, or its names are unchecked. */
  more: boolean
}

/** The entries of a policy that the server or an agent recommends, which is written line by line. */
export function entriesOf(text: string): Entry[] {
  return text.split('\n').flatMap((line): Entry[] => {
    const [, said] = /^ {2}- (.*?)(?: # .*)?$/.exec(line) ?? []
    if (said === undefined) return []
    const mapped = /^\{ endpoint: ("(?:[^"\\]|\\.)*"|[^,}]*)/.exec(said)?.[1]
    return [{ endpoint: unquoted(mapped ?? said), more: mapped !== undefined }]
  })
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text.trim()
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}

/** The step that a workflow begins with to have a policy: the same endpoints by the action's own input. */
export function workflowSnippet(text: string): string {
  const entries = entriesOf(text)
  const endpoints =
    entries.length === 0
      ? []
      : ['    allowed-endpoints: |', ...entries.map(({ endpoint }) => `      ${endpoint}`)]
  return [
    '- uses: OWNER/runwarden@v1',
    '  with:',
    '    egress-policy: block',
    ...endpoints,
    '',
  ].join('\n')
}
