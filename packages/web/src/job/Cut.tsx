import { Code } from '../ui/Text.tsx'
import { CopyButton } from '../ui/CopyButton.tsx'

/** Characters of a value that are shown at most. */
const most = 160

/** A value that may be long: cut in its middle, the whole of it to copy. */
export function Cut({ value, whole = value }: { value: string; whole?: string }) {
  if (value.length <= most) return <Code value={value} />
  // Half of a pair would be shown as a character of its own.
  const end = value.slice(0, most / 2).replace(/[\ud800-\udbff]$/, '')
  const start = value.slice(-most / 2).replace(/^[\udc00-\udfff]/, '')
  return (
    <>
      <Code value={end} />
      <span className="aside"> … {value.length - end.length - start.length} more … </span>
      <Code value={start} /> <CopyButton text={whole} label="Copy whole" />
    </>
  )
}
