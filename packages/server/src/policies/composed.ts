import type { StoredPolicy } from '@runwarden/events/control-plane'
import { storedName } from '@runwarden/events/stored-policy'
import { PolicyError } from '@runwarden/policy'
import { type ComposedPolicy, composePolicy, type OwnWords } from '@runwarden/policy/compose'

/** A workflow that says nothing itself. */
const nothing: OwnWords = {
  egressPolicy: null,
  failMode: null,
  allowedEndpoints: '',
  presets: [],
  lockdown: [],
  disableSudo: null,
  disableSudoAndContainers: null,
  disableFileMonitoring: null,
}

/**
 * What the store's policies make together, the strongest level first; each line says in a comment where it comes from, as
 * `name v3 (level):line`. null: there are none, or they can't be read any more.
 */
export function composedOf(policies: readonly StoredPolicy[]): ComposedPolicy | null {
  if (policies.length === 0) return null
  try {
    return composePolicy(nothing, {
      file: null,
      stored: policies.map((policy) => ({ name: storedName(policy), text: policy.text })),
      hosts: [],
    })
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}
