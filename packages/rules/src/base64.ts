/** Tokens that say what they are by their dots: requests carry them all the time. */
const token = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g
const run = /[A-Za-z0-9+/_=%-]{200}/

/** Whether a text holds 200 characters of base64 or hexadecimal digits in a row, also over lines and escaped in a URL; signed tokens aside. */
export function hasBase64(text: string): boolean {
  return text.length >= 200 && run.test(text.replaceAll(token, ' ').replaceAll(/[\r\n]/g, ''))
}
