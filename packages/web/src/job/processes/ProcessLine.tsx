/* oxlint-disable jsx-a11y/prefer-tag-over-role -- lines that are placed one by one are no table to a browser */
import { memo } from 'react'
import type { TreeProcess } from '@runwarden/api'
import { plain, plainCommand } from '@runwarden/events/plain'
import { duration, grouped } from '@runwarden/report/view'
import type { Line } from './lines.ts'

interface Props {
  id: string
  index: number
  line: Line
  /** Pixels from the top of the tree. */
  top: number
  selected: boolean
  onSelect: (execId: string) => void
  onToggle: (execId: string, open: boolean) => void
  onUnfold: (execId: string) => void
}

/** One line of the tree, drawn again only when it has changed. The keyboard is the grid's: what a line has to press is for those who point. */
export const ProcessLine = memo(function ProcessLine(props: Props) {
  const { id, index, line, top, selected, onSelect, onToggle, onUnfold } = props
  if (line.kind === 'more')
    return (
      <div role="row" className="line" style={{ top }} aria-rowindex={index + 2}>
        <span role="gridcell" className="name unknown" style={{ paddingLeft: indent(line.depth) }}>
          {line.failed !== null && (
            <>
              The server did not answer.{' '}
              <button type="button" onClick={line.failed}>
                Try again
              </button>
            </>
          )}
          {line.failed === null &&
            (line.left === null ? 'Loading more…' : `Loading ${grouped(line.left)} more…`)}
        </span>
      </div>
    )
  const { process, depth, open, position, siblings, alike } = line
  const { execId, children, step, pid } = process
  const [program, rest] = words(process)
  return (
    // The grid has the keys of all its lines.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="row"
      className="line"
      style={{ top }}
      aria-rowindex={index + 2}
      aria-level={depth + 1}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-selected={selected}
      aria-expanded={children === 0 ? undefined : open}
      onClick={() => onSelect(execId)}
      onDoubleClick={() => children > 0 && onToggle(execId, !open)}
      tabIndex={-1}
    >
      <span role="gridcell" className="name" style={{ paddingLeft: indent(depth) }}>
        <span
          aria-hidden="true"
          className={children === 0 ? 'twist leaf' : open ? 'twist open' : 'twist'}
          onClick={(event) => {
            if (children === 0) return
            event.stopPropagation()
            onToggle(execId, !open)
          }}
        />
        <code>
          <b>{program}</b> {rest}
        </code>
        {children > 0 && !open && <span className="count">{grouped(children)}</span>}
        {alike > 1 && (
          <button
            type="button"
            className="alike"
            tabIndex={-1}
            onClick={(event) => {
              event.stopPropagation()
              onUnfold(execId)
            }}
          >
            ×{grouped(alike)}
          </button>
        )}
      </span>
      <span role="gridcell" className="marks">
        <Marks process={process} />
      </span>
      <span role="gridcell" className="step">
        {step === null ? '' : plain(step, 60)}
      </span>
      <span role="gridcell" className="ended">
        {ended(process)}
      </span>
      <span role="gridcell" className="took">
        {process.endTime === null ? '' : duration(Math.max(0, process.endTime - process.firstTime))}
      </span>
      <span role="gridcell" className="pid">
        {pid}
      </span>
    </div>
  )
})

const indent = (depth: number): number => Math.min(depth, 24) * 16

function Marks({
  process: { detections, refused, connections, requests, files },
}: {
  process: TreeProcess
}) {
  return (
    <>
      {detections > 0 && <span className="chip severity-high">{grouped(detections)} found</span>}
      {refused > 0 && <span className="chip verdict-blocked">{grouped(refused)} refused</span>}
      {connections + requests > 0 && (
        <span
          className="mark"
          title={`${grouped(connections)} connections, ${grouped(requests)} requests`}
        >
          net {grouped(connections + requests)}
        </span>
      )}
      {files > 0 && (
        <span className="mark" title={`${grouped(files)} acts on files`}>
          files {grouped(files)}
        </span>
      )}
    </>
  )
}

/** The program's name, and its arguments. */
function words({ images }: TreeProcess): [string, string] {
  const image = images.at(-1)
  if (image === undefined) return ['?', '']
  const [first = image.exe, ...rest] = image.argv
  return [plain((first.split('/').at(-1) ?? '') || image.exe, 60), plainCommand(rest, 240)]
}

function ended({ signal, code }: TreeProcess) {
  if (signal !== null) return <span className="tag sensitive">signal {signal}</span>
  return code !== null && code !== 0 ? <span className="tag">exit {code}</span> : null
}
