/**
 * Takes out of a project that is set up what only building and checking it needs: the packages that package-lock.json
 * marks as development's, and sources of what is there compiled. Run in the image's build, in the project's folder;
 * set-up's stamps stay true.
 */
import { globSync, readFileSync, rmSync } from 'node:fs'

type Lock = { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> }

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
const development = Object.keys(packages).filter((path) => packages[path]!.dev && path.startsWith('node_modules/'))
const sources = globSync(['node_modules/node-linux-*/include', 'node_modules/better-sqlite3/{deps,src}'])
// links to commands, most of which are gone now, and npm's own note of what is there
const notes = ['node_modules/.bin', 'node_modules/.package-lock.json']
for (const path of [...development, ...sources, ...notes]) rmSync(path, { recursive: true, force: true })
process.stdout.write(`removed ${development.length} packages that only development needs\n`)
