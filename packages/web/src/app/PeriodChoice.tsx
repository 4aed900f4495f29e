import { ChoiceButtons } from '../ui/ChoiceButtons.tsx'
import { periods, periodWords, usePeriod, type Period } from './period.ts'
import { useRouterAddress } from './router-address.ts'

/** Which time the page is of. */
export function PeriodChoice({ otherwise = '7d' }: { otherwise?: Period }) {
  const chosen = usePeriod(otherwise)
  const { set } = useRouterAddress()
  return (
    <ChoiceButtons
      legend="Period"
      options={periods}
      value={chosen}
      text={(period) => periodWords[period]}
      onPress={(period) => set({ period: period === otherwise ? null : period })}
    />
  )
}
