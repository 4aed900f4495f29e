import type { Open, Row } from '../case.ts'

const open: Open = {
  result: 'not-held',
  why: 'the build log is the job’s own output, which has to leave; a secret in it is told (secret-in-build-log) where it has a known form or was named, and not stopped',
  advice: 'the platform’s masking of secrets; build logs that not everybody can read',
}

export const buildLog: Row = {
  row: 30,
  title: 'The build log',
  cases: [
    ['plain', 'echo "$T" >/dev/stdout', 'as it is'],
    ['base64', 'printf %s "$T" | base64', 'in base64'],
    ['reversed', 'rev <<<"$T"', 'reversed, so that masking does not see it'],
    ['error', 'echo "$T" >&2', 'on standard error'],
  ].map(([id = '', attempt = '', what = '']) => ({
    id: `log-${id}`,
    technique: `a secret in the output, ${what}`,
    attempt,
    twin: '',
    shows: 'status' as const,
    cannot: 'it is read in the log, not on the wire',
    by: '–',
    silent: 'standard output is not looked at',
    user: open,
    root: open,
  })),
}
