import { use, useEffect, useState } from 'react'
import { AskAgainContext } from './ask-again.ts'

/** What takes longer is said to take long, milliseconds. */
const slowMs = 5000

/** Where something will be, so that the page does not jump when it comes. What it is can be read where it does not come at once. */
export function Skeleton({ label, lines }: { label: string; lines: number }) {
  const again = use(AskAgainContext)
  const [asked, setAsked] = useState(0)
  const [slow, setSlow] = useState<number | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(asked), slowMs)
    return () => clearTimeout(timer)
  }, [asked])
  const isSlow = slow === asked
  return (
    <div className="skeleton">
      <output>
        {label}…{isSlow && ' This takes longer than usual: the network or the server is slow.'}
      </output>
      {isSlow && again !== null && (
        <button
          type="button"
          onClick={() => {
            setAsked(asked + 1)
            again()
          }}
        >
          Ask again
        </button>
      )}
      {Array.from({ length: lines }, (_, index) => (
        // Lines that are all alike.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={index} aria-hidden="true" className="bone" />
      ))}
    </div>
  )
}
