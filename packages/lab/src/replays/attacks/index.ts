import type { Replay } from '../replay.ts'
import { replay as chalk } from './chalk/replay.ts'
import { replay as codecov } from './codecov/replay.ts'
import { replay as eventStream } from './event-stream/replay.ts'
import { replay as litellm } from './litellm/replay.ts'
import { replay as nx } from './nx/replay.ts'
import { replay as reverseShell } from './reverse-shell/replay.ts'
import { replay as reviewdog } from './reviewdog/replay.ts'
import { replay as shaiHulud2 } from './shai-hulud-2/replay.ts'
import { replay as shaiHulud } from './shai-hulud/replay.ts'
import { replay as sunspot } from './sunspot/replay.ts'
import { replay as tjActions } from './tj-actions/replay.ts'
import { replay as trivy } from './trivy/replay.ts'
import { replay as uaParser } from './ua-parser-js/replay.ts'
import { replay as ultralytics } from './ultralytics/replay.ts'
import { replay as xz } from './xz/replay.ts'

/** In the order of the table of attacks; what is in no row stands last. */
export const replays: readonly Replay[] = [
  tjActions,
  reviewdog,
  trivy,
  nx,
  shaiHulud,
  shaiHulud2,
  codecov,
  sunspot,
  xz,
  ultralytics,
  uaParser,
  eventStream,
  litellm,
  chalk,
  reverseShell,
]
