export * from './event.ts'
export * from './report.ts'
export type * from './job.ts'
export type * from './control-plane.ts'
