import { plain } from '@runwarden/events/plain'

const kinds: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed', '@': 'place' }

/** A difference as `diff -u` has it: each line begins with its sign. */
export function DiffView({ diff, label }: { diff: string; label: string }) {
  const lines = diff.split('\n').filter((line) => line !== '')
  return (
    // What scrolls must be in reach of the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="diff" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => (
        // The lines of one difference never change places.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index} className={kinds[line[0] ?? ''] ?? 'same'}>
          <code>{plain(line, 2000)}</code>
        </div>
      ))}
    </section>
  )
}
