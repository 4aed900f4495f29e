export { ordinaryBuilds } from './ordinary.ts'
export { build, play } from './play.ts'
export { replays } from './replays.ts'
