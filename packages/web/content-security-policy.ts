import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/**
 * Lets the page run its own script and style, by their hashes, and nothing else: no request, no
 * other script, no inline handler, no text of the job turned into markup by a script.
 */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    enforce: 'post',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue
          const html = String(file.source)
          file.source = html.replace('<head>', () => `<head>\n    ${meta(html)}`)
        }
      },
    },
  }
}

function meta(html: string): string {
  const { script, style } = hashes(html)
  const rules = [
    "default-src 'none'",
    `script-src ${script.join(' ')}`,
    `style-src ${style.join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ]
  return `<meta http-equiv="Content-Security-Policy" content="${rules.join('; ')}">`
}

/** Elements are taken in order, so that a tag named inside of a script is not taken for one. */
function hashes(html: string): { script: string[]; style: string[] } {
  const found: { script: string[]; style: string[] } = { script: [], style: [] }
  for (const [, kind, attributes = '', content = ''] of html.matchAll(
    /<(script|style)\b([^>]*)>([\s\S]*?)<\/\1>/g,
  )) {
    if (attributes.includes('application/json')) continue
    if (attributes.includes('src='))
      throw new Error('The page loads a script: was it built as one file?')
    found[kind === 'script' ? 'script' : 'style'].push(
      `'sha256-${createHash('sha256').update(content).digest('base64')}'`,
    )
  }
  if (found.script.length !== 1 || found.style.length !== 1) {
    throw new Error('The page has not one script and one style: was it built as one file?')
  }
  return found
}
