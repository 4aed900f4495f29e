import type { TreeProcess } from '@runwarden/api'
import { plainCommand } from '@runwarden/events/plain'
import { counted, duration } from '@runwarden/report/view'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { absolute } from '../../ui/Time.tsx'
import { AddressLink } from '../AddressLink.tsx'
import { useTree } from '../source.ts'
import { Deeds } from './Deeds.tsx'
import { Held } from './Held.tsx'

interface Props {
  execId: string
  onClose: () => void
}

/** Everything about one process, beside the tree. */
export function ProcessPanel({ execId, onClose }: Props) {
  const line = useTree({ line: execId })
  const process = line.rows.at(-1)
  return (
    <aside className="panel" aria-label={`Process ${execId.split('-', 1)[0]}`}>
      <div className="panel-head">
        <h3>
          Process <Code value={execId.split('-', 1)[0] ?? ''} />
        </h3>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      {line.waiting && <Skeleton label="The process" lines={6} />}
      {line.error !== null && <Failure error={line.error} onRetry={line.again} />}
      {process === undefined && !line.waiting && line.error === null && (
        <p className="nothing">This process is not in the record.</p>
      )}
      {process !== undefined && <Told process={process} ancestors={line.rows.slice(0, -1)} />}
    </aside>
  )
}

function Told({ process, ancestors }: { process: TreeProcess; ancestors: readonly TreeProcess[] }) {
  const { images, uid, step, firstTime, endTime, code, signal, children, execId } = process
  return (
    <>
      <dl>
        {images.map((image, index) => (
          // Its programs in their order; they never change places.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={index}>
            <dt>{images.length > 1 ? `Program ${index + 1}` : 'Program'}</dt>
            <dd>
              <Code value={image.exe} />
              <pre className="command">
                <bdi>{plainCommand(image.argv, 20_000)}</bdi>
              </pre>
              <CopyButton text={plainCommand(image.argv, 200_000)} label="Copy command" />
              {image.argvTruncated && (
                <p className="about">There were more arguments than are kept.</p>
              )}
              <p className="aside">
                in <Code value={image.cwd} />
              </p>
              <Held image={image} />
            </dd>
          </div>
        ))}
        <div>
          <dt>Came from</dt>
          <dd>
            {ancestors.length === 0 ? (
              <span className="unknown">what ran before the record</span>
            ) : (
              <ol className="ancestry">
                {ancestors.map((one) => (
                  <li key={one.execId}>
                    <AddressLink className="process" set={{ process: one.execId, search: null }}>
                      <code>{plainCommand(one.images.at(-1)?.argv ?? [], 80)}</code>
                    </AddressLink>
                  </li>
                ))}
              </ol>
            )}
          </dd>
        </div>
        <div>
          <dt>Step</dt>
          <dd>
            {step === null ? <span className="unknown">none is known</span> : <Text value={step} />}
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>{absolute(firstTime)}</dd>
        </div>
        <div>
          <dt>Ended</dt>
          <dd>
            {endTime === null
              ? 'not seen'
              : `after ${duration(Math.max(0, endTime - firstTime))}, ${
                  signal === null ? `exit status ${code ?? 'not known'}` : `by signal ${signal}`
                }`}
          </dd>
        </div>
        <div>
          <dt>User</dt>
          <dd>{uid === 0 ? 'root' : `uid ${uid}`}</dd>
        </div>
        <div>
          <dt>Started itself</dt>
          <dd>{counted(children, 'process', 'processes')}</dd>
        </div>
        <div>
          <dt>Identity</dt>
          <dd>
            <Code value={execId} />
          </dd>
        </div>
      </dl>
      <Deeds execId={execId} />
    </>
  )
}
