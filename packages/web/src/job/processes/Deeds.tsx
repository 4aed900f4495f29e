import { Failure } from '../../ui/Failure.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Text } from '../../ui/Text.tsx'
import { useDeeds } from '../source.ts'

/** What a process did itself, in order. */
export function Deeds({ execId }: { execId: string }) {
  const deeds = useDeeds(execId)
  return (
    <>
      <h4>What it did</h4>
      {deeds.waiting && <Skeleton label="What it did" lines={4} />}
      {deeds.error !== null && <Failure error={deeds.error} onRetry={deeds.again} />}
      {!deeds.waiting && deeds.error === null && deeds.rows.length === 0 && deeds.more === null && (
        <p className="nothing">Nothing else is in the record.</p>
      )}
      <ol className="acts">
        {deeds.rows.map(({ seq, text }, index) => (
          // Those of a report have no number of their own.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={`${seq} ${index}`}>
            <Text value={text} limit={600} />
          </li>
        ))}
      </ol>
      {deeds.more !== null && (
        <button type="button" className="more" onClick={deeds.more} disabled={deeds.moreComes}>
          {deeds.moreComes ? 'Loading…' : 'Load more'}
        </button>
      )}
    </>
  )
}
