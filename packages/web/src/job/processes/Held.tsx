import type { TreeProcess } from '@runwarden/api'
import { unhashedWords } from '@runwarden/report/view'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Code } from '../../ui/Text.tsx'
import { useControlPlane } from '../control-plane.ts'

/** What a program's file held as it was started, and why that is not known. */
export function Held({ image: { sha256, unread } }: { image: TreeProcess['images'][number] }) {
  const plane = useControlPlane()
  if (sha256 === undefined)
    return unread === undefined || unread === '' ? null : (
      <p className="about">Its file was not hashed: {unhashedWords(unread)}.</p>
    )
  return (
    <>
      <p className="aside">
        SHA-256 <Code value={sha256} />
      </p>
      <CopyButton text={sha256} label="Copy hash" />{' '}
      {plane !== null && (
        <plane.Link to={plane.paths.started(sha256)}>Jobs that started it</plane.Link>
      )}
    </>
  )
}
