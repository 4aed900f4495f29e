import { expect, test } from 'vitest'
import { InputError } from '../src/input-error.ts'
import { inputDefaults, readInputs } from '../src/inputs.ts'

/** As the runner passes inputs: those of the workflow, and the defaults. */
function given(inputs: Record<string, string> = {}): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries({ ...inputDefaults, token: 'ghs_secret', ...inputs }).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

function refused(inputs: Record<string, string>): InputError {
  try {
    readInputs(given(inputs))
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('the inputs were taken')
}

test('a workflow that gives nothing gets the defaults', () => {
  expect(readInputs(given())).toEqual({
    egressPolicy: null,
    allowedEndpoints: '',
    token: 'ghs_secret',
    disableTelemetry: false,
    disableSudo: null,
    disableSudoAndContainers: null,
    disableFileMonitoring: null,
    policy: null,
    usePolicyStore: false,
    apiKey: null,
    deployOnSelfHostedVm: false,
    policyFile: null,
    blockList: null,
    rules: [],
    presets: [],
    failMode: null,
    failOn: 'none',
    lockdown: [],
    serverUrl: null,
    onServerFailure: 'local',
    afterJob: 'end',
    report: 'none',
    permissions: null,
    warnings: [],
  })
})

test('without any variable the same holds, with no token', () => {
  expect(readInputs({})).toEqual({ ...readInputs(given()), token: '' })
})

test('every problem is told at once', () => {
  const error = refused({
    'egress-policy': 'blok',
    'allowed-endpoints': 'github.com:443\n  https://x.example/y',
    'disable-sudo': 'yes',
    presets: 'github-action, sigstore',
  })
  expect(error.message.split('\n')).toHaveLength(4)
  expect(error.failMode).toBe('closed')
})
