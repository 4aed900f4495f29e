import { useState } from 'react'
import { plain } from '@runwarden/events/plain'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Code } from '../../ui/Text.tsx'
import { useControlPlane } from '../control-plane.ts'
import { SavePolicy } from '../policy/SavePolicy.tsx'
import { addAllowLine } from '../policy/add-line.ts'

/** The line that a policy lacks: to copy, and to add to a policy of the store. */
export function Allow({ line, place }: { line: string; place: string }) {
  const plane = useControlPlane()
  const [adding, setAdding] = useState(false)
  return (
    <span className="inline">
      <Code value={`- ${line}`} limit={300} />
      <CopyButton text={`  - ${line}\n`} label="Copy line" />
      {plane?.mayEdit === true && (
        <button type="button" onClick={() => setAdding(true)}>
          Add to a policy…
        </button>
      )}
      {adding && (
        <SavePolicy
          title={`Allow ${plain(place, 100)}`}
          what={`The line - ${line.slice(0, 200)}`}
          make={(before) => addAllowLine(before, line)}
          existing
          onClose={() => setAdding(false)}
        />
      )}
    </span>
  )
}
