import type { ReportFile } from '@runwarden/events'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

/** A path, short where it is inside of the workspace; of a rename both names. */
export function FileName({ file }: { file: Pick<ReportFile, 'path' | 'to'> }) {
  const { report } = usePage()
  const inside = (path: string): string =>
    path.startsWith(`${report.workspace}/`) ? path.slice(report.workspace.length + 1) : path
  return (
    <>
      <Code value={inside(file.path)} />
      {file.to !== null && (
        <>
          {' → '}
          <Code value={inside(file.to)} />
        </>
      )}
    </>
  )
}
