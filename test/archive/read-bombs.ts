/** Reads the file named on its command line, and prints the code of its refusal, the seconds, and its own most memory. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type * as debs from '../../server/apt/deb.ts'
import { openChild } from '../../server/child.ts'
import type * as sdists from '../../server/pip/sdist.ts'
import type * as wheels from '../../server/pip/wheel.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'

const cuts = JSON.parse(process.env['CUTS'] ?? '[]') as readonly Cut[]
const { readWheel } = await importSabotaged<typeof wheels>('server/pip/wheel.ts', cuts)
const { readSdist } = await importSabotaged<typeof sdists>('server/pip/sdist.ts', cuts)
const { createDebs } = await importSabotaged<typeof debs>('server/apt/deb.ts', cuts)
const { readControl } = createDebs({ openChild })

const path = process.argv[2]!
const file = basename(path)
const signal = AbortSignal.timeout(60_000)
const start = performance.now()
const read = file.endsWith('.whl')
  ? readWheel(path, file, signal)
  : file.endsWith('.deb')
    ? readControl(path, file, signal)
    : readSdist(path, file, signal)
const code = await read.then(
  () => 'taken',
  (error: unknown) => String((error as { code?: unknown }).code ?? error),
)
const seconds = (performance.now() - start) / 1000
// of this program alone: what getrusage says begins with the size of whoever started it
const [, most] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!
process.stdout.write(JSON.stringify({ code, seconds, mebibytes: Number(most) / 1024 }))
