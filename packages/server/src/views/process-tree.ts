import { z } from 'zod'
import type { Databases } from './joined.ts'
import { rowBase, rowData, type StoredRow } from './rows.ts'

/** A process as a tree shows it, with what it did itself; what its children did is theirs. */
export const TreeProcess = rowData.processes.extend(rowBase).extend({
  /** How many processes it started that are in the record. */
  children: z.int(),
  connections: z.int(),
  requests: z.int(),
  /** Acts on files. */
  files: z.int(),
  /** Connections, queries and requests that were blocked, or would have been. */
  refused: z.int(),
  /** That name it. */
  detections: z.int(),
})
export type TreeProcess = z.infer<typeof TreeProcess>
z.globalRegistry.add(TreeProcess, { id: 'TreeProcess' })

type Stored = StoredRow & {
  children: number
  connections: number
  requests: number
  files: number
  refused: number
}

/** Which processes of a job. */
export type TreeAsked =
  /** Those whose parent is not in the record. */
  | { of: 'roots' }
  | { of: 'children'; execId: string }
  /** Those whose program or arguments have a text. */
  | { of: 'search'; text: string }
  /** One, and those that it came from, the first of them first. */
  | { of: 'line'; execId: string }

/** Processes that one has come from are followed so far up. */
const deepest = 1000

/** In the order of their first appearance, from behind a number on. */
export function treeOf(
  { server, both }: Databases,
  jobId: string,
  asked: TreeAsked,
  { after, limit }: { after: number; limit: number },
): { items: TreeProcess[]; next: number | null } {
  const job = both.get<{ number: number }>(
    'SELECT number FROM main.jobs WHERE id = ?',
    jobId,
  )?.number
  if (job === undefined) return { items: [], next: null }
  const found = both.all<Stored>(
    `SELECT r.n, r.count, r.first_seq AS firstSeq, r.first_time AS firstTime, r.last_time AS lastTime, r.data,
            p.connections, p.requests, p.files, p.refused,
            (SELECT count(*) FROM main.processes c WHERE c.job = p.job AND c.parent = p.exec_id AND c.n IS NOT NULL) AS children
     FROM ${wanted[asked.of]} ORDER BY ${asked.of === 'search' ? 'r' : 'p'}.n LIMIT ?4`,
    job,
    after,
    asked.of === 'search' ? asked.text : asked.of === 'roots' ? '' : asked.execId,
    limit + 1,
  )
  const detections = new Map(
    server
      .all<{ execId: string; many: number }>(
        `SELECT exec_id AS execId, count(*) AS many FROM detections
         WHERE job_id = ? AND exec_id IS NOT NULL AND suppressed IS NULL GROUP BY exec_id`,
        jobId,
      )
      .map(({ execId, many }) => [execId, many]),
  )
  const items = found.slice(0, limit).map(({ data, ...row }): TreeProcess => {
    const process = JSON.parse(data) as Omit<TreeProcess, 'detections'>
    return Object.assign(process, row, { detections: detections.get(process.execId) ?? 0 })
  })
  return { items, next: found.length > limit ? (items.at(-1)?.n ?? null) : null }
}

// A search looks through the text of each row before it is read as JSON, and stops at the end of a page: rows come in their order.
const rows = 'main.rows r ON r.job = p.job AND r.view = 7 AND r.n = p.n'
const wanted: Readonly<Record<TreeAsked['of'], string>> = {
  roots: `main.processes p CROSS JOIN ${rows} WHERE p.job = ?1 AND p.n > ?2 AND ?3 = ''
    AND (p.parent IS NULL OR NOT EXISTS (SELECT 1 FROM main.processes o WHERE o.job = p.job AND o.exec_id = p.parent AND o.n IS NOT NULL))`,
  children: `main.processes p CROSS JOIN ${rows} WHERE p.job = ?1 AND p.parent = ?3 AND p.n > ?2 AND p.n IS NOT NULL`,
  search: `main.rows r CROSS JOIN main.processes p ON p.job = r.job AND p.exec_id = json_extract(r.data, '$.execId')
    WHERE r.job = ?1 AND r.view = 7 AND r.n > ?2 AND r.data LIKE '%' || replace(replace(replace(?3, '~', '~~'), '%', '~%'), '_', '~_') || '%' ESCAPE '~'
      AND EXISTS (SELECT 1 FROM json_each(r.data, '$.images') i WHERE instr(lower((i.value ->> 'exe') || ' ' || (i.value ->> 'argv')), lower(?3)) > 0)`,
  line: `(WITH RECURSIVE line (exec_id, parent, depth) AS (
      SELECT exec_id, parent, 0 FROM main.processes WHERE job = ?1 AND exec_id = ?3
      UNION ALL SELECT o.exec_id, o.parent, depth + 1 FROM line JOIN main.processes o ON o.job = ?1 AND o.exec_id = line.parent
      WHERE depth < ${deepest}
    ) SELECT DISTINCT exec_id FROM line) l
    CROSS JOIN main.processes p ON p.job = ?1 AND p.exec_id = l.exec_id CROSS JOIN ${rows} WHERE p.n > ?2`,
}
