import { counted } from '@runwarden/report/view'
import { useAddressed } from '../address.ts'
import { Listed, Unseen } from '../Listed.tsx'
import { useFindings } from '../source.ts'
import { FindingCard } from './FindingCard.tsx'

/** What looked like an attack, and what the policy says is expected of it. */
export default function Detections() {
  const list = useFindings()
  const [shown] = useAddressed('detection')
  const open = list.rows.filter(({ suppressed }) => suppressed === null)
  const expected = list.rows.filter(({ suppressed }) => suppressed !== null)
  return (
    <>
      <p className="about">
        What looked like an attack, the gravest first, with the events behind it.
      </p>
      <Listed list={list} label="Detections" none="Nothing suspicious was found.">
        {open.length === 0 && <Unseen none="Nothing was found beside what is expected." />}
        <ul className="cards">
          {open.map((finding) => (
            <FindingCard key={finding.id} finding={finding} open={finding.id === shown} />
          ))}
        </ul>
        {list.more !== null && (
          <p className="end">
            {counted(list.rows.length, 'detection')} so far{' '}
            <button type="button" onClick={list.more} disabled={list.moreComes}>
              Load more
            </button>
          </p>
        )}
        {expected.length > 0 && (
          <details className="expected">
            <summary>{counted(expected.length, 'suppressed detection')}</summary>
            <ul className="cards">
              {expected.map((finding) => (
                <FindingCard key={finding.id} finding={finding} />
              ))}
            </ul>
          </details>
        )}
      </Listed>
    </>
  )
}
