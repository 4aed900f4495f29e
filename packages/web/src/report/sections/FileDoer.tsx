import type { ReportFile } from '@runwarden/events'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'

/** The program that touched the file; pressed, the tree shows its process. */
export function FileDoer({ file }: { file: Pick<ReportFile, 'execId' | 'exe'> }) {
  const { tree, show } = usePage()
  const { execId } = file
  const program = <Code value={file.exe === '' ? 'unknown program' : file.exe} limit={120} />
  if (execId === null || !tree.has(execId)) return program
  return (
    <a href="#processes" className="process" onClick={() => show(execId)}>
      {program}
    </a>
  )
}
