import { Code, Text } from '../ui/Text.tsx'
import { AddressLink } from './AddressLink.tsx'
import type { Program } from './rows.ts'

/** Who did something: the first program, its step, and how many others. A process that is known is a link to it. */
export function ProgramList({ programs }: { programs: readonly Program[] }) {
  const [first, ...others] = programs
  if (first === undefined) return <span className="unknown">unknown</span>
  if (others.length === 0) return <One program={first} />
  return (
    <details className="others">
      <summary>
        <One program={first} /> <span className="count">+{others.length}</span>
      </summary>
      <ul>
        {others.map((program) => (
          <li key={`${program.execId} ${program.exe} ${program.step}`}>
            <One program={program} />
          </li>
        ))}
      </ul>
    </details>
  )
}

function One({ program: { exe, step, execId } }: { program: Program }) {
  const name = <Code value={exe ?? 'unknown'} limit={120} />
  return (
    <>
      {execId === undefined ? (
        <span className="program">{name}</span>
      ) : (
        <AddressLink className="process" set={{ tab: 'processes', process: execId }}>
          {name}
        </AddressLink>
      )}
      {step !== null && (
        <span className="aside">
          {' '}
          in <Text value={step} limit={80} />
        </span>
      )}
    </>
  )
}
