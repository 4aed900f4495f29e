/** Where something will be, so that the page does not jump when it comes. */
export function Skeleton({ label, lines }: { label: string; lines: number }) {
  return (
    <output className="skeleton">
      <span className="unseen">{label}…</span>
      {Array.from({ length: lines }, (_, index) => (
        // Lines that are all alike.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={index} aria-hidden="true" className="bone" />
      ))}
    </output>
  )
}
