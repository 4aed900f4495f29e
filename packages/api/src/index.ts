export { answered, type Client, createClient } from './client.ts'
export { ApiError, type Problem } from './error.ts'
export type * from './generated.ts'
