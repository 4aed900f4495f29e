import { useReport } from '../source.ts'
import { Cut } from '../Cut.tsx'

/** A path, from the workspace on where it is inside; where it was renamed, its new one. */
export function FileName({ path, to = null }: { path: string; to?: string | null }) {
  const workspace = useReport().data?.workspace ?? ''
  const inside = (whole: string): string =>
    workspace !== '' && whole.startsWith(`${workspace}/`)
      ? whole.slice(workspace.length + 1)
      : whole
  return (
    <>
      <Cut value={inside(path)} whole={path} />
      {to !== null && (
        <>
          {' '}
          → <Cut value={inside(to)} whole={to} />
        </>
      )}
    </>
  )
}
