import { Text } from '../../../ui/Text.tsx'
import type { Checked } from './checking.ts'

/** What is wrong with the text above, in words. */
export function Problems({ checked }: { checked: Checked | undefined }) {
  return (
    <div aria-live="polite" className="problems">
      {checked === undefined ? (
        <p className="about">Checking…</p>
      ) : checked.problems.length === 0 ? (
        <p className="fine">This is a policy.</p>
      ) : (
        <ul>
          {checked.problems.map(({ line, column, message }) => (
            <li key={`${line} ${column} ${message}`}>
              Line {line}, column {column}: <Text value={message} />
            </li>
          ))}
        </ul>
      )}
      {checked !== undefined && checked.warnings.length > 0 && (
        <ul className="warnings">
          {checked.warnings.map((warning) => (
            <li key={warning}>
              Probably not meant: <Text value={warning} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
