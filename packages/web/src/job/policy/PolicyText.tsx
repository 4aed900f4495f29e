import { plain } from '@runwarden/events/plain'
import { CopyButton } from '../../ui/CopyButton.tsx'

/** A document to read and to copy. */
export function PolicyText({ label, text, copy }: { label: string; text: string; copy: string }) {
  return (
    <div className="policy">
      <CopyButton text={text} label={copy} />
      {/* What scrolls must be in reach of the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-label={label}>
        {text
          .split('\n')
          .map((line) => plain(line))
          .join('\n')}
      </pre>
    </div>
  )
}
