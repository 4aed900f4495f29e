import { readFileSync } from 'node:fs'
import type { Report } from '@runwarden/events'
import { jsonParts } from '../json-parts.ts'
import { renderTerminal } from '../terminal/render.ts'

/** Where `npm run build -w packages/web` leaves the page. */
const built = new URL('../../../web/dist/report.html', import.meta.url)
const DATA = '<script type="application/json" id="report"></script>'
const SUMMARY = '<pre id="summary"></pre>'

export interface HtmlOptions {
  /** The page without its report; read from the web package's build when not given. */
  template?: string
}

/**
 * The report as one file that opens without a network: the page with the report in it as data that
 * no browser takes for code. Where the page was not built, the summary as plain text.
 */
export function renderHtml(report: Report, options: HtmlOptions = {}): string {
  return [...renderHtmlParts(report, options)].join('')
}

/** The same in parts, so that a large report need not be one text in memory. */
export function* renderHtmlParts(report: Report, options: HtmlOptions = {}): Generator<string> {
  const template = options.template ?? readTemplate()
  const summary = `<pre id="summary">${escapeHtml(renderTerminal(report, { width: 100 }))}</pre>`
  // Replacements are functions: in text, `$&` and the like would be filled in.
  const [before = '', after] = splitOnce(template, DATA)
  yield before.replace(SUMMARY, () => summary)
  if (after === undefined) return
  const [open = '', close = ''] = splitOnce(DATA, '><')
  yield `${open}>`
  for (const part of jsonParts(report)) yield forScript(part)
  yield `<${close}${after.replace(SUMMARY, () => (before.includes(SUMMARY) ? SUMMARY : summary))}`
}

function splitOnce(text: string, by: string): [string, string | undefined] {
  const at = text.indexOf(by)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + by.length)]
}

/** JSON that can stand in a script element: nothing in it ends the element, opens a comment or breaks a line. */
export function jsonInScript(value: unknown): string {
  return forScript(JSON.stringify(value))
}

function forScript(json: string): string {
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[<>&"']/g, (one) => `&#${one.charCodeAt(0)};`)
}

function readTemplate(): string {
  try {
    return readFileSync(built, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return fallback
  }
}

const fallback = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>Runwarden report</title>
</head>
<body>
<h1>Runwarden report</h1>
<p>The interactive page is not part of this installation; this is the summary. All is in report.json.</p>
${SUMMARY}
${DATA}
</body>
</html>
`
