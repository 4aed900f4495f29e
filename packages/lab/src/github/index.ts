export { GitHub } from './github.ts'
export { LabGitHub } from './in-lab.ts'
export type { Fault, GitHubOptions, GitHubRepository, GitHubRequest } from './github.ts'
export type { Artifact, GitHubJob } from './results.ts'
