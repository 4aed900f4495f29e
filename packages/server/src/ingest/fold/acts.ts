import type { Event } from '@runwarden/events'
import type { Database } from '../../db/database.ts'
import { largestSum, sum } from '../totals.ts'

/** How often a process did what. */
export interface Acts {
  connections: number
  requests: number
  files: number
  /** Of these and of queries: that were blocked, or would have been. */
  refused: number
}

function add(acts: Acts, what: keyof Acts, count: number): void {
  acts[what] = sum(acts[what], count)
}

/** What processes did, for lists that show it beside each; gathered, and written with the rest of a job's index. */
export class ProcessActs {
  readonly #all = new Map<string, Acts>()
  #last: { execId: string; acts: Acts } | undefined

  add(event: Event): void {
    // A fork that ran no program has no row: what it did stands beside the one whose program it runs.
    const execId = event.forkOf ?? event.execId
    if (execId === null) return
    const count = event.kind === 'net.connect' ? event.count : 1
    switch (event.kind) {
      case 'net.connect':
        add(this.#of(execId), 'connections', count)
        break
      case 'http.request':
        this.#of(execId).requests++
        break
      case 'dns.query':
        break
      case 'file.write':
      case 'file.create':
      case 'file.delete':
      case 'file.rename':
      case 'file.read':
        this.#of(execId).files++
        return
      default:
        return
    }
    if (event.verdict !== 'allowed') add(this.#of(execId), 'refused', count)
  }

  /** Events come process by process: the last one is at hand. */
  #of(execId: string): Acts {
    if (this.#last?.execId === execId) return this.#last.acts
    let acts = this.#all.get(execId)
    if (acts === undefined) {
      acts = { connections: 0, requests: 0, files: 0, refused: 0 }
      this.#all.set(execId, acts)
    }
    this.#last = { execId, acts }
    return acts
  }

  /**
   * Within the index's transaction.
   * @param added processes that are new, with the numbers of their rows
   */
  write(
    db: Database,
    job: number,
    added: Iterable<{ n: number; execId: string; parentExecId: string | null }>,
  ): void {
    for (const { n, execId, parentExecId } of added)
      db.run(
        `INSERT INTO processes VALUES (?, ?, ?, ?, 0, 0, 0, 0)
         ON CONFLICT DO UPDATE SET n = excluded.n, parent = excluded.parent`,
        job,
        execId,
        n,
        parentExecId,
      )
    for (const [execId, { connections, requests, files, refused }] of this.#all)
      db.run(
        `INSERT INTO processes VALUES (?, ?, NULL, NULL, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           connections = min(connections + excluded.connections, ${largestSum}), requests = requests + excluded.requests,
           files = files + excluded.files, refused = min(refused + excluded.refused, ${largestSum})`,
        job,
        execId,
        connections,
        requests,
        files,
        refused,
      )
  }
}
