/** The fields of a run's report.json that the demo tells about. */
export interface RunReport {
  egress: string
  destinations: {
    host: string | null
    address: string
    port: number
    verdict: string
    count: number
    processes: { execId: string }[]
  }[]
  dns: {
    name: string
    type: string
    verdict: string
    server: string
    count: number
    processes: { execId: string }[]
  }[]
  processes: {
    execId: string
    parentExecId: string | null
    pid: number
    images: { exe: string; argv: string[]; cwd: string }[]
  }[]
}

/** A process of the report that sent, or would have sent, something that policy does not allow. */
export interface Culprit {
  pid: number
  /** Its command line. */
  command: string
  /** The package in whose folder it ran; null: in none. */
  package: string | null
  /** Command lines of its ancestors, the nearest first. */
  ancestors: string[]
  /** What it did that policy does not allow. */
  acts: { what: string; verdict: string; count: number }[]
}

/** Who did what policy does not allow, process by process, as the report says. */
export function culprits(report: RunReport): Culprit[] {
  const byId = new Map(report.processes.map((one) => [one.execId, one]))
  const found = new Map<string, Culprit>()
  const blame = (execIds: { execId: string }[], act: Culprit['acts'][number]) => {
    if (act.verdict === 'allowed') return
    for (const { execId } of execIds) {
      const node = byId.get(execId)
      if (node === undefined) continue
      const culprit = found.get(execId) ?? describe(node, byId)
      found.set(execId, culprit)
      const same = culprit.acts.find(
        ({ what, verdict }) => what === act.what && verdict === act.verdict,
      )
      if (same === undefined) culprit.acts.push({ ...act })
      else same.count += act.count
    }
  }
  for (const { host, address, port, verdict, count, processes } of report.destinations) {
    const bare = address.includes(':') ? `[${address}]` : address
    blame(processes, { what: `connect ${host ?? bare}:${port}`, verdict, count })
  }
  for (const { name, type, server, verdict, count, processes } of report.dns) {
    blame(processes, { what: `query ${name} ${type} at ${server}`, verdict, count })
  }
  return [...found.values()]
}

type Node = RunReport['processes'][number]

function describe(node: Node, byId: Map<string, Node>): Culprit {
  const ancestors: string[] = []
  for (
    let at = parent(node, byId);
    at !== undefined && ancestors.length < 8;
    at = parent(at, byId)
  ) {
    ancestors.push(commandOf(at))
  }
  const folder = node.images.at(-1)?.cwd ?? ''
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(folder)?.[1] ?? null
  return { pid: node.pid, command: commandOf(node), package: name, ancestors, acts: [] }
}

function parent(node: Node, byId: Map<string, Node>): Node | undefined {
  return node.parentExecId === null ? undefined : byId.get(node.parentExecId)
}

function commandOf(node: Node): string {
  const image = node.images.at(-1)
  return image === undefined ? `process ${node.pid}` : image.argv.join(' ') || image.exe
}
