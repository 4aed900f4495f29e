import { expect, test } from 'vitest'
import { zoneOf } from '../src/zones.ts'

test.each([
  ['a.b.c.example.com', 'example.com'],
  ['example.com', 'example.com'],
  ['com', ''],
  ['', ''],
  ['a.b.evil.co.uk', 'evil.co.uk'],
  ['co.uk', 'co.uk'],
  ['x.bucket.s3.amazonaws.com', 'bucket.s3.amazonaws.com'],
  ['x.y.lambda-url.us-east-1.on.aws', 'on.aws'],
  ['account.blob.core.windows.net', 'account.blob.core.windows.net'],
  ['1.2.0.192.in-addr.arpa', 'in-addr.arpa'],
])('%o is in the zone %o', (name, zone) => {
  expect(zoneOf(name)).toBe(zone)
})
