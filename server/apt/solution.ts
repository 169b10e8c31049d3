/**
 * A target's repository as it would be: one solve of all its roots, old and new, against one snapshot. Roots of a
 * request must stand, or the request fails; those of others that cannot stand any more are held.
 */
import type { AptRoot, AptState } from '../../storage/apt.ts'
import type { Remark } from '../../storage/records.ts'
import { AirlockError, type Code } from '../errors.ts'
import type { Catalog } from './catalog.ts'
import { choose, type Choice } from './choose.ts'
import { keyOn, packageKey, parseRoot } from './names.ts'
import { gather, type Package } from './packages.ts'
import type { Base } from './root.ts'
import type { Snapshot, Snapshots } from './snapshots.ts'
import type { AskApt } from './solver.ts'
import { installedVersions } from './status.ts'
import { weakArchives } from './weak.ts'
import type { AptTarget } from './target.ts'
import type { Guest } from './together.ts'

export type Solution = {
  /** The lane's generation that it starts from. */
  readonly generation: number
  /** What the snapshot is called. */
  readonly snapshot: number
  /** The union for both bases, by name, then architecture. */
  readonly packages: readonly Package[]
  /** What stands under each base: bare is null where only the image counts. */
  readonly roots: Readonly<Record<Base, readonly string[] | null>>
  readonly held: ReadonlyMap<string, Remark>
  readonly released: readonly string[]
  /** Other jobs' roots that stand too. */
  readonly guests: readonly Guest[]
  readonly remarks: readonly Remark[]
}

/** What a job wants of a lane. */
export type Wish = {
  readonly roots: readonly string[]
  readonly withdrawn: readonly string[]
  readonly refresh: boolean
  /** Roots of other jobs that join if they can, and are not missed if they cannot. */
  readonly guests: readonly Guest[]
}

type Deps = {
  readonly target: AptTarget
  readonly snapshots: Snapshots
  readonly catalog: Catalog
  readonly ask: AskApt
  readonly state: Pick<AptState, 'roots' | 'stanzas'>
  readonly generation: () => Promise<number>
}

export function createSolutions({ target, snapshots, catalog, ask, state, generation }: Deps) {
  /**
   * Throws `package-not-found`, `apt-package-virtual`, `apt-version-missing`, `apt-architecture-unknown`, `unsatisfiable`, `apt-conflict` about
   * the wish's own roots; `apt-update-failed`, `digest-missing` about the archives.
   */
  async function solve(wish: Wish, signal: AbortSignal): Promise<Solution> {
    const startedFrom = await generation()
    const here = await state.roots(target.lane)
    const known = new Map((await state.stanzas(target.lane)).map((stanza) => [stanza.sha256, stanza]))
    return snapshots.use({ refresh: wish.refresh, signal }, async (snapshot) => {
      const { choice, held, released, guests } = await settle(wish, here, snapshot, signal)
      const bare = target.complete && target.status !== null ? await solveBare(choice.roots, snapshot, signal) : null
      const wanted = [...choice.wanted, ...(bare?.wanted ?? [])]
      const packages = await gather(wanted, { target, catalog, known, snapshot, signal })
      return {
        generation: startedFrom,
        snapshot: snapshot.at,
        packages,
        roots: { image: choice.roots, bare: bare?.roots ?? null },
        held,
        released,
        guests,
        remarks: [...remarksOf(wish, choice, bare, packages), ...(await weakArchives(target, snapshot.lists))],
      }
    })
  }

  /** Which roots stand on the image, the wish's own among them. */
  async function settle(wish: Wish, here: readonly AptRoot[], snapshot: Snapshot, signal: AbortSignal) {
    const others = here.filter(({ root }) => !wish.withdrawn.includes(root))
    const own = wish.roots
    const active = others.filter(({ held }) => held === null).map(({ root }) => root)
    const all = [...new Set([...active, ...own])]
    const named = [...all, ...others.map(({ root }) => root), ...wish.guests.flatMap(({ roots }) => roots)]
    const missing = await findMissing([...new Set(named)], snapshot, signal)
    for (const root of own) if (missing.has(root)) throw await missing.get(root)!()
    const held = new Map<string, Remark>()
    for (const root of active) if (missing.has(root)) held.set(root, remark(root, await missing.get(root)!()))

    const candidates = all.filter((root) => !missing.has(root))
    const twice = contradictions(candidates, target)
    const choice = await choose(
      ask,
      candidates.filter((root) => !twice.has(root)),
      { snapshot, base: 'image', signal },
    )
    const yielded = new Map([...twice, ...choice.yielded])
    await refuse(
      own.filter((root) => yielded.has(root)),
      yielded,
      snapshot,
      signal,
    )
    for (const [root, explanation] of yielded)
      held.set(root, remark(root, new AirlockError('apt-conflict', { roots: root, target: target.name, explanation })))

    // what was held may stand again, and others may join, but only beside everything that stands
    const retried = others
      .filter((entry) => isWorthRetrying(entry, wish, snapshot, all, missing))
      .map(({ root }) => root)
    const joining = wish.guests.filter(({ roots }) => !roots.some((root) => missing.has(root)))
    const groups = [...retried.map((root) => [root]), ...joining.map(({ roots }) => roots)]
    const more = await extend(choice, groups, snapshot, signal)
    const stands = new Set(more.roots)
    return {
      choice: more,
      held,
      released: retried.filter((root) => stands.has(root)),
      guests: joining.filter(({ roots }) => roots.every((root) => stands.has(root))),
    }
  }

  /** Adds groups of roots to what stands: all of them, or else one after the other those that can. */
  async function extend(
    choice: Choice,
    groups: readonly (readonly string[])[],
    snapshot: Snapshot,
    signal: AbortSignal,
  ): Promise<Choice> {
    let best = choice
    const tryWith = async (roots: readonly string[]) => {
      const wanted = [...new Set([...best.roots, ...roots])]
      if (contradictions(wanted, target).size > 0) return false
      const answer = await ask(wanted, snapshot, 'image', signal)
      if (!answer.wanted) return false
      best = { ...best, wanted: answer.wanted, roots: wanted }
      return true
    }
    if (groups.length === 0 || (await tryWith(groups.flat()))) return best
    if (groups.length > 1) for (const group of groups) await tryWith(group)
    return best
  }

  /** A request's own roots that cannot stand: alone it says so, or others are in the way. */
  async function refuse(
    roots: readonly string[],
    reasons: ReadonlyMap<string, string>,
    snapshot: Snapshot,
    signal: AbortSignal,
  ): Promise<void> {
    if (roots.length === 0) return
    const alone = await ask(roots, snapshot, 'image', signal)
    if (alone.explanation !== undefined)
      throw new AirlockError('unsatisfiable', { target: target.name, explanation: alone.explanation })
    const explanation = roots.map((root) => reasons.get(root)!).join('\n')
    throw new AirlockError('apt-conflict', { roots: [...roots], target: target.name, explanation })
  }

  async function solveBare(roots: readonly string[], snapshot: Snapshot, signal: AbortSignal): Promise<Choice> {
    return choose(ask, roots, { snapshot, base: 'bare', signal })
  }

  /** Root -> what to say: roots whose name, architecture or version the snapshot does not have. */
  async function findMissing(roots: readonly string[], snapshot: Snapshot, signal: AbortSignal) {
    const missing = new Map<string, () => Promise<AirlockError>>()
    const parsed = roots.map((root) => ({ root, ...parseRoot(root) }))
    const offers = await catalog.offers([...new Set(parsed.map(packageKey))], snapshot, 'image', signal)
    for (const { root, name, architecture, version } of parsed) {
      if (architecture !== null && !target.architectures.includes(architecture)) {
        const fields = { root, target: target.name, architecture, known: [...target.architectures] }
        missing.set(root, () => Promise.resolve(new AirlockError('apt-architecture-unknown', fields)))
        continue
      }
      const fitting = offers.filter(
        (offer) => offer.name === name && ['all', architecture ?? target.architectures[0]].includes(offer.architecture),
      )
      if (fitting.length === 0) {
        missing.set(root, async () => {
          const key = packageKey({ name, architecture })
          const known = await catalog.providers(name, snapshot, signal)
          if (known.length > 0) return new AirlockError('apt-package-virtual', { name: key, known: known.slice(0, 20) })
          const near = nearPhrase(await catalog.near(name, snapshot, signal))
          return new AirlockError('package-not-found', { name: key, near })
        })
      } else if (version !== null && !fitting.some((offer) => offer.version === version)) {
        const known = fitting.map((offer) => offer.version)
        missing.set(root, () =>
          Promise.resolve(new AirlockError('apt-version-missing', { name, version, target: target.name, known })),
        )
      }
    }
    return missing
  }

  function remarksOf(wish: Wish, choice: Choice, bare: Choice | null, packages: readonly Package[]): Remark[] {
    const installed = installedVersions(target.status)
    const fetched = new Set(choice.wanted.map(({ sha256 }) => sha256))
    const present = new Set(packages.filter(({ sha256 }) => fetched.has(sha256)).map(({ key }) => key))
    return wish.roots.flatMap((root): Remark[] => {
      const key = keyOn(target.architectures[0], parseRoot(root))
      const version = installed.get(key)
      const explanation = bare?.yielded.get(root)
      return [
        ...(version !== undefined && !present.has(key)
          ? [{ code: 'root-installed', fields: { root, target: target.name, version } }]
          : []),
        ...(explanation === undefined
          ? []
          : [{ code: 'root-not-bare', fields: { root, target: target.name, explanation } }]),
      ]
    })
  }

  function remark(root: string, reason: AirlockError): Remark {
    const code: Code = 'root-held'
    return {
      code,
      fields: { root, target: target.name, reason: reason.message, because: reason.code, ...pick(reason) },
    }
  }

  return { solve }
}

export type Solutions = ReturnType<typeof createSolutions>

/** Root -> why: the same package asked for in another version by an earlier root. apt would take the last, silently. */
function contradictions(
  roots: readonly string[],
  { architectures: [own] }: Pick<AptTarget, 'architectures'>,
): Map<string, string> {
  const pinned = new Map<string, string>()
  const twice = new Map<string, string>()
  for (const root of roots) {
    const parsed = parseRoot(root)
    if (parsed.version === null) continue
    const key = keyOn(own, parsed)
    const other = pinned.get(key)
    if (other === undefined) pinned.set(key, root)
    else if (other !== root) twice.set(root, `${other} was asked for earlier.`)
  }
  return twice
}

/** Nothing changes for a held root until the archive moves or something is withdrawn. */
function isWorthRetrying(
  { root, held }: AptRoot,
  wish: Wish,
  snapshot: Snapshot,
  taken: readonly string[],
  missing: ReadonlyMap<string, unknown>,
): boolean {
  if (held === null || taken.includes(root) || missing.has(root)) return false
  return held.snapshot !== snapshot.at || wish.withdrawn.length > 0
}

function pick({ fields }: AirlockError) {
  return 'explanation' in fields ? { explanation: fields['explanation']! } : {}
}

function nearPhrase(near: readonly string[]) {
  if (near.length === 0) return ''
  return { en: `Near it: ${near.join(', ')}.`, zh: `相近的有：${near.join('、')}。` }
}
