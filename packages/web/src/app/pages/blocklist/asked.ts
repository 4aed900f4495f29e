import type { NewBlockListEntryInput } from '@runwarden/api'
import { api, ask } from '../../api.ts'
import type { Owner } from '../../owner.ts'

type Trust = { kind: 'sha256'; hash: string } | { kind: 'ed25519'; publicKey: string }
interface NewFeed {
  name: string
  url: string
  trust: Trust
  everyMinutes: number
}

/** What is asked of a block list, an organisation's or the server's own. */
export const entriesOf = (owner: Owner, after: string | undefined) => {
  const query = after === undefined ? {} : { after }
  return owner === null
    ? ask(api.GET('/v1/server/blocklist/entries', { params: { query } }))
    : ask(api.GET('/v1/orgs/{org}/blocklist/entries', { params: { path: { org: owner }, query } }))
}

/** @param replace also in place of what is listed of its value */
export const addEntry = (owner: Owner, entry: NewBlockListEntryInput, replace: boolean) => {
  const body = { entries: [entry], replace }
  return owner === null
    ? ask(api.POST('/v1/server/blocklist/entries', { body }))
    : ask(api.POST('/v1/orgs/{org}/blocklist/entries', { params: { path: { org: owner } }, body }))
}

export const removeEntry = (owner: Owner, entry: string) =>
  owner === null
    ? ask(api.DELETE('/v1/server/blocklist/entries/{entry}', { params: { path: { entry } } }))
    : ask(
        api.DELETE('/v1/orgs/{org}/blocklist/entries/{entry}', {
          params: { path: { org: owner, entry } },
        }),
      )

export const feedsOf = (owner: Owner) =>
  owner === null
    ? ask(api.GET('/v1/server/blocklist/feeds'))
    : ask(api.GET('/v1/orgs/{org}/blocklist/feeds', { params: { path: { org: owner } } }))

export const addFeed = (owner: Owner, body: NewFeed) =>
  owner === null
    ? ask(api.POST('/v1/server/blocklist/feeds', { body }))
    : ask(api.POST('/v1/orgs/{org}/blocklist/feeds', { params: { path: { org: owner } }, body }))

export const refreshFeed = (owner: Owner, feed: string) =>
  owner === null
    ? ask(api.POST('/v1/server/blocklist/feeds/{feed}/refresh', { params: { path: { feed } } }))
    : ask(
        api.POST('/v1/orgs/{org}/blocklist/feeds/{feed}/refresh', {
          params: { path: { org: owner, feed } },
        }),
      )

export const removeFeed = (owner: Owner, feed: string) =>
  owner === null
    ? ask(api.DELETE('/v1/server/blocklist/feeds/{feed}', { params: { path: { feed } } }))
    : ask(
        api.DELETE('/v1/orgs/{org}/blocklist/feeds/{feed}', {
          params: { path: { org: owner, feed } },
        }),
      )
