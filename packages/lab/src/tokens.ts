import { crc32 } from 'node:zlib'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * A token in the form of GitHub's, with a checksum that fits, that never was one.
 * @param prefix `ghs_`, `ghp_`, `npm_`
 * @param name letters and digits, at most 30, by which tokens differ
 */
export function madeUpToken(prefix: string, name: string): string {
  const body = name.padEnd(30, 'aQ7zLm4Rk9TbXw2Yc8HdNf3GjVs6Pe')
  let sum = crc32(body)
  let checksum = ''
  for (let i = 0; i < 6; i++) {
    checksum = (digits[sum % 62] ?? '') + checksum
    sum = Math.floor(sum / 62)
  }
  return prefix + body + checksum
}
