import { oneOf } from './filters.ts'
import { useRouterAddress } from './router-address.ts'

export const periods = ['24h', '7d', '30d'] as const
export type Period = (typeof periods)[number]

export const periodWords: Readonly<Record<Period, string>> = {
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
}

const hours: Readonly<Record<Period, number>> = { '24h': 24, '7d': 168, '30d': 720 }

/** When it began, milliseconds since 1970. */
export const beginOf = (period: Period): number => Date.now() - hours[period] * 3_600_000

/** So many days from now, milliseconds since 1970. */
export const inDays = (days: number): number => Date.now() + days * 86_400_000

/** The period up to now that the page is of: `?period=` */
export function usePeriod(otherwise: Period = '7d'): Period {
  return oneOf(periods, useRouterAddress().get('period')) ?? otherwise
}
