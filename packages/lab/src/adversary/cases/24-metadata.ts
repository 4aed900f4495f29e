import type { Row } from '../case.ts'
import { curl } from './script.ts'

const by = 'connect: `EPERM`'
const twin = curl('"http://good.example.com/$T"')
const services = [
  ['aws', '169.254.169.254', 'http://169.254.169.254/latest/$T', 'AWS, Azure, GCP'],
  ['aws6', 'fd00:ec2::254', 'http://[fd00:ec2::254]/latest/$T', 'AWS over IPv6'],
  ['aws-container', '169.254.170.2', 'http://169.254.170.2/v2/$T', 'AWS container credentials'],
  ['aws-eks', '169.254.170.23', 'http://169.254.170.23/v1/$T', 'AWS pod identity'],
  ['azure-wireserver', '168.63.129.16', 'http://168.63.129.16/$T', 'Azure wireserver'],
  [
    'azure-wireserver-agent',
    '168.63.129.16',
    'http://168.63.129.16:32526/$T',
    'Azure wireserver, port 32526',
  ],
  ['alibaba', '100.100.100.200', 'http://100.100.100.200/$T', 'Alibaba'],
  ['oracle', '192.0.0.192', 'http://192.0.0.192/$T', 'Oracle'],
  ['decimal', '169.254.169.254', 'http://2852039166/latest/$T', 'AWS, address as one number'],
  ['hexadecimal', '169.254.169.254', 'http://0xa9fea9fe/latest/$T', 'AWS, address in hexadecimal'],
  ['mapped', '169.254.169.254', 'http://[::ffff:169.254.169.254]/latest/$T', 'AWS, IPv4-mapped'],
] as const

export const metadata: Row = {
  row: 24,
  title: 'Metadata services',
  cases: [
    ...services.map(([id, address, url, what]) => ({
      id: `metadata-${id}`,
      technique: what,
      attempt: curl(`"${url}"`),
      twin,
      targets: [address],
      by,
    })),
    {
      id: 'metadata-token',
      technique: 'AWS, session token by PUT',
      attempt: curl(
        `-X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" -H "X: $T" http://169.254.169.254/latest/api/token`,
      ),
      twin,
      targets: ['169.254.169.254'],
      by,
    },
    {
      id: 'metadata-name',
      technique: 'GCP by name (metadata.google.internal)',
      attempt: curl('-H "Metadata-Flavor: Google" "http://metadata.google.internal/$T"'),
      twin,
      targets: ['169.254.169.254', 'name metadata.google.internal'],
      by: 'names: `REFUSED`',
    },
  ],
}
