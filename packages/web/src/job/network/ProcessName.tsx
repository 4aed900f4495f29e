import { plainCommand } from '@runwarden/events/plain'
import { Code, Text } from '../../ui/Text.tsx'
import { AddressLink } from '../AddressLink.tsx'
import type { Program } from '../rows.ts'
import { useProcess } from '../source.ts'

/** A process by its command, which is a link to it, with its number and step. @param program as which it was seen */
export function ProcessName({ execId, program }: { execId: string; program: Program | null }) {
  const process = useProcess(execId).data
  const exe = program?.exe ?? null
  const image = process?.images.findLast((one) => one.exe === exe) ?? process?.images.at(-1) ?? null
  return (
    <>
      <AddressLink className="process" set={{ tab: 'processes', process: execId }}>
        {image === null ? (
          <Code value={exe ?? 'unknown'} limit={120} />
        ) : (
          <code>{plainCommand(image.argv, 120)}</code>
        )}
      </AddressLink>
      <span className="aside">
        pid {execId.split('-', 1)[0]}
        {program?.step && (
          <>
            {' '}
            in <Text value={program.step} limit={80} />
          </>
        )}
      </span>
    </>
  )
}
