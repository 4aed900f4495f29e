import { useCallback } from 'react'
import { useAddressed } from './address.ts'
import type { Program } from './rows.ts'

export interface Acted {
  programs: readonly Program[]
}

/** Who the address narrows a tab's list to: `?step=…&program=…` */
export function useActor() {
  const [step, setStep] = useAddressed('step')
  const [program, setProgram] = useAddressed('program')
  const isActor = useCallback(
    ({ programs }: Acted) =>
      (step === null || programs.some((one) => one.step === step)) &&
      (program === null || programs.some((one) => one.exe === program)),
    [step, program],
  )
  const isChosen = step !== null || program !== null
  return { step, setStep, program, setProgram, isActor, isChosen }
}

/** Steps that rows name, in the order in which they appear. */
export const stepsOf = (rows: readonly Acted[]): string[] => named(rows, ({ step }) => step)

/** Programs that rows name, by their paths. */
export const programsOf = (rows: readonly Acted[]): string[] =>
  named(rows, ({ exe }) => exe).toSorted()

function named(rows: readonly Acted[], of: (program: Program) => string | null): string[] {
  const found = new Set<string>()
  for (const { programs } of rows)
    for (const program of programs) {
      const name = of(program)
      if (name !== null && name !== '') found.add(name)
    }
  return [...found]
}
