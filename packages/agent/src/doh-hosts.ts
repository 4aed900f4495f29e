/**
 * Public resolvers that answer over HTTPS, TLS or QUIC. Whoever reaches one asks names that no policy
 * sees. From what their operators publish about them, read in November 2026; the list names the large ones
 * and those that programs have built in, and can never be whole: any web server can be such a resolver.
 */
const HOSTS: ReadonlySet<string> = new Set([
  // Google Public DNS
  'dns.google',
  'dns.google.com',
  'dns64.dns.google',
  '8888.google',
  // Cloudflare 1.1.1.1
  'cloudflare-dns.com',
  'dns.cloudflare.com',
  'one.one.one.one',
  '1dot1dot1dot1.cloudflare-dns.com',
  // Quad9
  'dns.quad9.net',
  'dns9.quad9.net',
  'dns10.quad9.net',
  'dns11.quad9.net',
  'dns12.quad9.net',
  // Cisco OpenDNS and Umbrella
  'doh.opendns.com',
  'dns.opendns.com',
  'doh.familyshield.opendns.com',
  'doh.sandbox.opendns.com',
  'dns.umbrella.com',
  'doh.umbrella.com',
  // AdGuard
  'dns.adguard.com',
  'dns-family.adguard.com',
  'dns-unfiltered.adguard.com',
  'adguard-dns.com',
  // NextDNS
  'dns.nextdns.io',
  'anycast.dns.nextdns.io',
  'firefox.dns.nextdns.io',
  'chromium.dns.nextdns.io',
  // Control D
  'freedns.controld.com',
  'dns.controld.com',
  // CleanBrowsing
  'doh.cleanbrowsing.org',
  'adult-filter-dns.cleanbrowsing.org',
  'family-filter-dns.cleanbrowsing.org',
  'security-filter-dns.cleanbrowsing.org',
  // Mullvad
  'dns.mullvad.net',
  'doh.mullvad.net',
  // DNS.SB
  'doh.dns.sb',
  'doh.sb',
  'dot.sb',
  // DNS4EU
  'joindns4.eu',
  'protective.joindns4.eu',
  'unfiltered.joindns4.eu',
  // CIRA Canadian Shield
  'private.canadianshield.cira.ca',
  'protected.canadianshield.cira.ca',
  'family.canadianshield.cira.ca',
  // Comcast, Apple, Yandex
  'doh.xfinity.com',
  'dot.xfinity.com',
  'doh.dns.apple.com',
  'common.dot.dns.yandex.net',
  // AliDNS, DNSPod, 360
  'dns.alidns.com',
  'dns.pub',
  'doh.pub',
  'dot.pub',
  'doh.360.cn',
  // IIJ, SWITCH, Digitale Gesellschaft, Applied Privacy, Andrews & Arnold, CZ.NIC, LibreDNS, FFMUC
  'public.dns.iij.jp',
  'dns.switch.ch',
  'dns.digitale-gesellschaft.ch',
  'doh.applied-privacy.net',
  'doh.appliedprivacy.net',
  'dns.aa.net.uk',
  'odvr.nic.cz',
  'doh.libredns.gr',
  'dot.libredns.gr',
  'doh.ffmuc.net',
  'dot.ffmuc.net',
  'dnsforge.de',
  'commons.host',
])

/** Zones in which every name is such a resolver: of browsers, of customers, of variants. */
const ZONES: readonly string[] = [
  '.cloudflare-dns.com',
  '.cloudflare-gateway.com',
  '.dns.nextdns.io',
  '.dns.controld.com',
  '.adguard-dns.com',
  '.doh.mullvad.net',
  '.dns.mullvad.net',
  '.dns.umbrella.com',
  '.joindns4.eu',
]

/** Where these resolvers listen, in canonical text. */
const ADDRESSES: ReadonlySet<string> = new Set(
  `
  8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844 2001:4860:4860::64
  2001:4860:4860::6464 1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 2606:4700:4700::1111
  2606:4700:4700::1001 2606:4700:4700::1112 2606:4700:4700::1002 2606:4700:4700::1113
  2606:4700:4700::1003 9.9.9.9 9.9.9.10 9.9.9.11 9.9.9.12 149.112.112.112 149.112.112.10
  149.112.112.11 149.112.112.12 2620:fe::fe 2620:fe::9 2620:fe::10 2620:fe::11 208.67.222.222
  208.67.220.220 208.67.222.123 208.67.220.123 146.112.41.2 2620:119:35::35 2620:119:53::53
  94.140.14.14 94.140.15.15 94.140.14.140 94.140.14.141 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff
  45.90.28.0 45.90.30.0 76.76.2.0 76.76.10.0 76.76.2.11 185.228.168.168 185.228.169.168
  194.242.2.2 185.222.222.222 45.11.45.11 223.5.5.5 223.6.6.6 1.12.12.12 120.53.53.53
  `
    .trim()
    .split(/\s+/),
)

/** Is it the name of a known resolver over HTTPS, TLS or QUIC? Lower case, without trailing dot. */
export function isResolverName(name: string): boolean {
  return HOSTS.has(name) || ZONES.some((zone) => name.endsWith(zone))
}

/** Is it an address at which such a resolver listens? Canonical text. */
export function isResolverAddress(address: string): boolean {
  return ADDRESSES.has(address)
}
