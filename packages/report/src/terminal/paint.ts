import type { Severity, Verdict } from '@runwarden/events'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'inverse-red' | 'plain'

const codes: Record<Style, string> = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
  'inverse-red': '1;97;41',
  plain: '',
}

export type Paint = (style: Style, text: string) => string

/** Colours by SGR sequences, or none: every word keeps its meaning without them. */
export function painter(color: boolean): Paint {
  return (style, text) =>
    color && style !== 'plain' && text !== '' ? `\x1b[${codes[style]}m${text}\x1b[0m` : text
}

export const verdictStyle: Record<Verdict, Style> = {
  'attack-blocked': 'inverse-red',
  blocked: 'red',
  'would-block': 'yellow',
  allowed: 'green',
}

export const severityStyle: Record<Severity, Style> = {
  critical: 'inverse-red',
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'dim',
}
