import { useMemo } from 'react'
import { Choice } from '../ui/Choice.tsx'
import { type Acted, programsOf, stepsOf, useActor } from './actor.ts'

/** Narrows a tab's list to a step, and to a program, of those that its rows name. */
export function ActorChoices({ rows }: { rows: readonly Acted[] }) {
  const { step, setStep, program, setProgram } = useActor()
  const steps = useMemo(() => stepsOf(rows), [rows])
  const programs = useMemo(() => programsOf(rows), [rows])
  return (
    <>
      <Choice label="Step" all="All steps" options={steps} value={step} onChoose={setStep} />
      <Choice
        label="Program"
        all="All programs"
        options={programs}
        value={program}
        onChoose={setProgram}
      />
    </>
  )
}
