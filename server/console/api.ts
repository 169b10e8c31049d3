/** The API whole: every operation of the contract, each from the room that it belongs to. */
import { createAsking, type AskingDeps } from './asking.ts'
import { createBuildOperations, type BuildDeps } from './builds.ts'
import { createKnown } from './known.ts'
import { createLockOperations, type LockDeps } from './locks.ts'
import { createNoticeOperations, type NoticeDeps } from './notices.ts'
import type { Api } from './operations.ts'
import { createPackageOperations, type PackageDeps } from './packages.ts'
import { createRequestOperations, type RequestDeps } from './requests.ts'
import { createTargetOperations, type TargetDeps } from './targets.ts'
import { createUpkeep, type UpkeepDeps } from './upkeep.ts'

export type ApiDeps = Omit<AskingDeps, 'known'> &
  BuildDeps &
  LockDeps &
  NoticeDeps &
  PackageDeps &
  RequestDeps &
  TargetDeps &
  UpkeepDeps

export function createApi(deps: ApiDeps): Api {
  return {
    ...createRequestOperations(deps),
    ...createAsking({ ...deps, known: createKnown({ visible: deps.visible, events: deps.events }) }),
    ...createPackageOperations(deps),
    ...createBuildOperations(deps),
    ...createTargetOperations(deps),
    ...createLockOperations(deps),
    ...createNoticeOperations(deps),
    ...createUpkeep(deps),
  }
}
