import { type ExecResult, type Lab, type LabOptions, startLab } from '@runwarden/lab'
import {
  type ContainerEngine,
  type EngineOptions,
  image,
  startContainerEngine,
} from '@runwarden/lab/containers'
import { type Place, runwarden } from './runwarden.ts'

/** A lab whose runner has a container engine. */
export class ContainerRig implements AsyncDisposable {
  readonly lab: Lab
  readonly engine: ContainerEngine

  private constructor(lab: Lab, engine: ContainerEngine) {
    this.lab = lab
    this.engine = engine
  }

  static async start(options: LabOptions, engine: EngineOptions = {}): Promise<ContainerRig> {
    const lab = await startLab(options)
    return new ContainerRig(lab, await startContainerEngine(lab, engine))
  }

  /** `runwarden run` with its files in a place. The command finds the engine's image in IMAGE. */
  run(place: Place, ...words: string[]): Promise<ExecResult> {
    return this.lab.runner.exec(runwarden, ['run', '--quiet', '--out', place.out, ...words], {
      cwd: place.path,
      env: { ...this.engine.env, IMAGE: image },
      timeout: 500_000,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]()
    await this.lab[Symbol.asyncDispose]()
  }
}
