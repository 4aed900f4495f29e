export * from './event.ts'
export * from './report.ts'
