import type { ReportNode } from '@runwarden/events'
import { plain, plainCommand } from '@runwarden/events/plain'
import { duration, grouped } from '@runwarden/report/view'
import { usePage } from '../context.ts'
import { Lifetime, type Span } from './Lifetime.tsx'
import type { Row } from './tree.ts'

interface Props {
  id: string
  row: Row
  top: number
  span: Span
  selected: boolean
  onSelect: () => void
  onToggle: (() => void) | undefined
}

export function ProcessRow({ id, row, top, span, selected, onSelect, onToggle }: Props) {
  const { tree } = usePage()
  const { node, depth, children, open } = row
  const marks = open ? tree.own(node.execId) : tree.below(node.execId)
  const [program, rest] = words(node)
  return (
    // The keyboard is handled by the tree, in which a line is the active descendant.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={selected}
      {...(children > 0 ? { 'aria-expanded': open } : {})}
      className="line"
      style={{ top }}
      onClick={onSelect}
      onDoubleClick={onToggle}
    >
      <span className="name" style={{ paddingLeft: Math.min(depth, 24) * 16 }}>
        <span
          aria-hidden="true"
          className={children === 0 ? 'twist leaf' : open ? 'twist open' : 'twist'}
          onClick={onToggle}
        />
        <code>
          <b>{program}</b> {rest}
        </code>
        {children > 0 && !open && <span className="count">{grouped(children)}</span>}
      </span>
      {marks.detections > 0 && (
        <span className="chip severity-high">{grouped(marks.detections)} found</span>
      )}
      {marks.blocked > 0 && (
        <span className="chip verdict-blocked">{grouped(marks.blocked)} refused</span>
      )}
      {ended(node)}
      <span className="took">
        {node.endTime === null ? '' : duration(Math.max(0, node.endTime - node.startTime))}
      </span>
      <Lifetime node={node} span={span} />
      <span className="pid">{node.pid}</span>
    </div>
  )
}

/** The program's name, and its arguments. */
function words(node: ReportNode): [string, string] {
  const image = node.images.at(-1)
  if (image === undefined) return ['?', '']
  const [first = image.exe, ...rest] = image.argv
  return [plain((first.split('/').at(-1) ?? '') || image.exe, 60), plainCommand(rest, 240)]
}

function ended(node: ReportNode) {
  if (node.signal !== null) return <span className="tag sensitive">signal {node.signal}</span>
  return node.code !== null && node.code !== 0 ? (
    <span className="tag">exit {node.code}</span>
  ) : null
}
