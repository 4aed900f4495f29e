import { fileURLToPath } from 'node:url'

/** The checkout that this package is part of. */
export const checkout = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')

/** Downloaded and made files that several boots share; never in git. */
export const build = `${checkout}/build`

/** Where the guest has the checkout. */
export const guestCheckout = '/runwarden'

/** How programs of the suite are started in the guest, from the root of the checkout. */
export const guestNode = 'node --no-warnings --import ./packages/lab/src/vm/suite/plain.js'
