/** A TLS extension: its type and its bytes. */
type Extension = [type: number, data: Buffer]

const SERVER_NAME = 0
const ENCRYPTED_CLIENT_HELLO = 0xfe0d

const u8 = (value: number): Buffer => Buffer.from([value])
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const long = (data: Buffer): Buffer => Buffer.concat([u16(data.length), data])

export function serverName(name: string): Extension {
  return [SERVER_NAME, long(Buffer.concat([u8(0), long(Buffer.from(name, 'latin1'))]))]
}

export const ech: Extension = [ENCRYPTED_CLIENT_HELLO, Buffer.alloc(200, 7)]

/** A key share as long as that of X25519MLKEM768. */
export const largeShare: Extension = [51, Buffer.alloc(1220, 9)]

/** The handshake message, without its record. */
export function handshake(extensions: Extension[]): Buffer {
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 1),
    u8(32),
    Buffer.alloc(32, 2),
    long(Buffer.from('130113021303c02bc02f', 'hex')),
    Buffer.from('0100', 'hex'),
    long(Buffer.concat(extensions.flatMap(([type, data]) => [u16(type), long(data)]))),
  ])
  return Buffer.concat([u8(1), u8(0), u16(body.length), body])
}

export function record(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from('160301', 'hex'), long(message)])
}

/** A ClientHello as one record. */
export function clientHello(...extensions: Extension[]): Buffer {
  return record(handshake(extensions))
}

/** A record of what an open connection sends. */
export const tlsData = Buffer.from('1703030007aabbccddeeff00', 'hex')
