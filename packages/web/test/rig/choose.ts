import type { Page } from '../page.ts'

/** Chooses in the list that has this label, as a person does with a mouse. */
export async function choose(page: Page, label: string, value: string): Promise<void> {
  const found = await page.run(
    (name, wanted) => {
      const selects = [...document.querySelectorAll('select')]
      const select = selects.find(
        (one) => one.ariaLabel === name || [...one.labels].some((of) => of.textContent === name),
      )
      if (select === undefined) return false
      select.value = wanted
      const has = select.value === wanted
      select.dispatchEvent(new Event('change', { bubbles: true }))
      return has
    },
    label,
    value,
  )
  if (!found) throw new Error(`No list named ${label} has ${value}`)
}

/** Writes into the field that has this label; what was there is replaced. */
export async function fill(page: Page, label: string | RegExp, text: string): Promise<void> {
  const fields = await page.all('textbox')
  const role = fields.some(({ name }) =>
    typeof label === 'string' ? name === label : label.test(name),
  )
    ? 'textbox'
    : (await page.names('combobox')).some((name) => name === label)
      ? 'combobox'
      : 'spinbutton'
  await page.focus(role, label)
  await page.run(() => {
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.select()
    return null
  })
  await page.type(text)
}
