import type { TlsLibrary } from './chunk.ts'
import { Elf } from './elf.ts'
import { goFunctions, isGo } from './go-functions.ts'
import { libraries, tls_cookie } from './layout.ts'
import { returnsOf } from './returns.ts'
import { UnreadableFile } from './window.ts'

/** A program of bpf/tls.bpf.c: where in the file it runs, and what the cookie of each place says. */
export interface Probes {
  program: (typeof probePrograms)[number]
  /** On the returns of the functions that begin there. */
  returns: boolean
  places: { offset: number; cookie: number }[]
}

export const probePrograms = ['tls_return', 'tls_call'] as const

/** What makes a file's TLS visible. A call that begins while they are put there has a begin, at least, and no end that would count as lost. */
export interface ProbePlan {
  library: TlsLibrary
  probes: Probes[]
}

const { TLS_RECEIVED, TLS_COUNT_BY_POINTER, TLS_COUNT_IS_INT, TLS_ENDS, TLS_RETURNS, TLS_GO } =
  tls_cookie

/** Functions that move data, by what they are like. */
type Calls = Readonly<Record<string, number>>

/** https://docs.openssl.org/3.0/man3/SSL_write/ and SSL_read; BoringSSL and LibreSSL have the first two of each. */
const opensslCalls: Calls = {
  SSL_write: TLS_COUNT_IS_INT,
  SSL_write_ex: TLS_COUNT_BY_POINTER,
  SSL_write_early_data: TLS_COUNT_BY_POINTER,
  SSL_read: TLS_RECEIVED | TLS_COUNT_IS_INT,
  SSL_read_ex: TLS_RECEIVED | TLS_COUNT_BY_POINTER,
}
const opensslEnds = ['SSL_free', 'SSL_clear']
/** Names that tell whose OpenSSL it is. */
const boringsslMark = 'SSL_set_early_data_enabled'
const nodeMark = 'node_module_register'

/** https://www.gnutls.org/reference/gnutls-gnutls.html; since 3.6.3 gnutls_record_send is a jump to gnutls_record_send2. */
const gnutlsCalls: Calls = {
  gnutls_record_send2: 0,
  gnutls_record_recv: TLS_RECEIVED,
  gnutls_record_recv_seq: TLS_RECEIVED,
}
const gnutlsOldSend = 'gnutls_record_send'
const gnutlsEnds = ['gnutls_deinit']

const goCalls: Calls = {
  'crypto/tls.(*Conn).Write': 0,
  'crypto/tls.(*Conn).Read': TLS_RECEIVED,
}
const goEnds = ['crypto/tls.(*Conn).Close']

/**
 * Where a file must be probed so that its TLS is seen.
 * @returns undefined when there is no TLS library in it that we know
 * @throws UnreadableFile when there is one that can't be probed, or the file can't be read
 */
export function planProbes(fd: number): ProbePlan | undefined {
  const elf = Elf.open(fd)
  if (!elf) return undefined
  if (isGo(elf)) {
    const plan = planGo(elf)
    if (plan) return plan
  }
  const functions = elf.functions(
    [
      ...Object.keys(opensslCalls),
      ...opensslEnds,
      boringsslMark,
      nodeMark,
      ...Object.keys(gnutlsCalls),
      gnutlsOldSend,
      ...gnutlsEnds,
    ],
    ['SSL_read', 'gnutls_record_recv'],
  )
  const has = (name: string): boolean => functions.has(name)
  const offset = (name: string): number | undefined => functions.get(name)?.offset
  if (has('SSL_write') && has('SSL_read')) {
    const library = has(nodeMark) ? 'node' : has(boringsslMark) ? 'boringssl' : 'openssl'
    return { library, probes: planC(offset, library, opensslCalls, opensslEnds) }
  }
  if (has('gnutls_record_recv')) {
    const calls = has('gnutls_record_send2') ? gnutlsCalls : { ...gnutlsCalls, [gnutlsOldSend]: 0 }
    return { library: 'gnutls', probes: planC(offset, 'gnutls', calls, gnutlsEnds) }
  }
  return undefined
}

function planC(
  offsetOf: (name: string) => number | undefined,
  library: TlsLibrary,
  calls: Calls,
  ends: readonly string[],
): Probes[] {
  const number = libraries.indexOf(library)
  const placesOf = (functions: Calls): Probes['places'] =>
    Object.entries(functions).flatMap(([name, flags]) => {
      const offset = offsetOf(name)
      return offset === undefined ? [] : { offset, cookie: number | flags }
    })
  const moving = placesOf(calls)
  const ending = placesOf(Object.fromEntries(ends.map((name) => [name, TLS_ENDS])))
  return [
    { program: 'tls_call', returns: false, places: [...moving, ...ending] },
    { program: 'tls_return', returns: true, places: moving },
  ]
}

function planGo(elf: Elf): ProbePlan | undefined {
  const functions = goFunctions(elf, [...Object.keys(goCalls), ...goEnds])
  const kind = libraries.indexOf('go') | TLS_GO
  const places: Probes['places'] = []
  for (const [name, flags] of Object.entries(goCalls)) {
    const code = functions.get(name)
    // The linker leaves out what is never called: such a program has no TLS of this kind.
    if (!code) return undefined
    const returns = returnsOf(elf.read(code.offset, code.size))
    if (!returns || returns.length === 0)
      throw new UnreadableFile(`the code of ${name} cannot be followed`)
    const cookie = kind | flags
    for (const at of returns)
      places.push({ offset: code.offset + at, cookie: cookie | TLS_RETURNS })
    places.push({ offset: code.offset, cookie })
  }
  for (const name of goEnds) {
    const code = functions.get(name)
    if (code) places.push({ offset: code.offset, cookie: kind | TLS_ENDS })
  }
  return { library: 'go', probes: [{ program: 'tls_call', returns: false, places }] }
}
