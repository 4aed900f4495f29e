import { fileURLToPath } from 'node:url'

/** The checkout that this package is part of. */
export const checkout = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')

/** Downloaded and made files that several boots share; never in git. */
export const build = `${checkout}/build`

/** Where the guest has the checkout. */
export const guestCheckout = '/runwarden'
