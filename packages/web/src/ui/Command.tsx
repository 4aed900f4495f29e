import { CopyButton } from './CopyButton.tsx'
import { Code } from './Text.tsx'

/** Something that the server shows once, or a command that is ready to be run. */
export function Command({ label, text }: { label: string; text: string }) {
  return (
    <div className="command">
      <p className="about">{label}</p>
      <div>
        <Code value={text} limit={10_000} />
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
      </div>
    </div>
  )
}
