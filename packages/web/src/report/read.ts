import type { Report } from '@runwarden/events'

/** The report that was put into the page as data; an error says what is wrong with the file. */
export function readReport(place: Document): Report {
  const text = place.getElementById('report')?.textContent ?? ''
  if (text.trim() === '')
    throw new Error(
      'This page was saved without its report. Open the report.html that the run left.',
    )
  const value: unknown = JSON.parse(text)
  if (!isReport(value))
    throw new Error('The report in this page has a form that this page does not know.')
  return value
}

/** The page is made with the report in it, by one version: that it is one is all there is to ask. */
function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'schema' in value && value.schema === 1
}
