import { plain } from '@runwarden/events/plain'

const escape = /(\\(?:[\\nrt]|x[0-9a-f]{2}|u\{[0-9a-f]+\}))/

/** Text of the job: what acts or hides is written out and set off, and letters of other directions stay in their place. */
export function Text({ value, limit = 1_000 }: { value: string; limit?: number }) {
  const shown = plain(value, limit)
  if (!shown.includes('\\')) return <bdi>{shown}</bdi>
  return (
    <bdi>
      {shown.split(escape).map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          // The parts of one text never change places.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index} className="escape">
            {part}
          </span>
        ),
      )}
    </bdi>
  )
}

/** The same, in the letters of code. */
export function Code({ value, limit }: { value: string; limit?: number }) {
  return (
    <code>
      <Text value={value} {...(limit === undefined ? {} : { limit })} />
    </code>
  )
}
