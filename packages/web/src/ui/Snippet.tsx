import { CopyButton } from './CopyButton.tsx'
import { Text } from './Text.tsx'

/** Text that is meant to be copied whole: a file, commands. @param label what it is */
export function Snippet({ label, text }: { label: string; text: string }) {
  return (
    <section className="snippet" aria-label={label}>
      {/* What scrolls must be in reach of the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0}>
        {text
          .trimEnd()
          .split('\n')
          .map((line, index) => (
            // Lines never change places.
            // oxlint-disable-next-line react/no-array-index-key
            <span key={index}>
              <Text value={line} limit={100_000} />
              {'\n'}
            </span>
          ))}
      </pre>
      <CopyButton text={text} label="Copy" />
    </section>
  )
}
