import type { Page } from '../page.ts'

/** Replaces the document in the editor, as by the keyboard. */
export async function writePolicy(page: Page, text: string): Promise<void> {
  await page.focus('textbox', 'Policy, YAML')
  await page.run(() => {
    const root = document.querySelector('.editor')?.shadowRoot
    const content = root?.querySelector('.cm-content')
    if (content) getSelection()?.selectAllChildren(content)
    return null
  })
  // The editor has heard of it when it has drawn it.
  await page.until(
    () =>
      document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-selectionBackground') !=
      null,
  )
  await page.type(text)
}
