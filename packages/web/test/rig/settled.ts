import type { Page } from '../page.ts'

/** Waits until nothing on a page of the app is still to come. */
export const settled = (page: Page): Promise<void> =>
  page.until(
    () => document.querySelector('.skeleton') === null && document.querySelector('h1') !== null,
  )
