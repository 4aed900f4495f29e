import { useState } from 'react'

/** Copies text; where the browser refuses, selects it in `source` so that the person can. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'refused'>('ready')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      setState(copyBySelection(text) ? 'copied' : 'refused')
    }
  }
  return (
    <span className="copy">
      <button type="button" onClick={() => void copy()} onBlur={() => setState('ready')}>
        {state === 'copied' ? 'Copied' : label}
      </button>
      <output className={state === 'refused' ? '' : 'unseen'}>
        {state === 'copied' && 'Copied to the clipboard'}
        {state === 'refused' && 'The browser refused: select the text and copy it'}
      </output>
    </span>
  )
}

/** Pages opened from a file have no clipboard of their own in some browsers. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  // oxlint-disable-next-line typescript/no-deprecated -- the only way left where the clipboard is refused
  const copied = document.execCommand('copy')
  area.remove()
  return copied
}
