import type { ChildProcess } from 'node:child_process'

/** Resolves when the program has said `text` on its standard error; rejects when it ends first. */
export function hasSaid(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: string) => {
      said += chunk
      if (!said.includes(text)) return
      child.stderr?.off('data', listen).resume()
      child.off('close', ended)
      resolve()
    }
    const ended = () => reject(new Error(`${child.spawnargs.join(' ')} ended: ${said.trim()}`))
    child.stderr?.setEncoding('utf8').on('data', listen)
    child.once('close', ended)
    child.once('error', reject)
  })
}
