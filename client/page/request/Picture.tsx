/** Who needs whom, drawn: roots left, what they need to their right. Pointing at a package shows its own lines. */
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClosureItem } from '../queries.ts'
import { layers } from './layers.ts'

const most = 250
const column = 190
const row = 26
const gap = 24
const letters = 22

export function Picture({ items }: { readonly items: readonly ClosureItem[] }) {
  const { t } = useTranslation()
  const [pointed, setPointed] = useState<string | null>(null)
  const shown = items.length > most ? items.slice(0, most) : items
  const { places, width, height } = useMemo(() => layOut(shown), [shown])
  const lines = shown.flatMap(({ project, neededBy }) =>
    neededBy.filter((other) => places.has(other)).map((other) => ({ from: other, to: project })),
  )
  const near = new Set(
    lines.filter(({ from, to }) => from === pointed || to === pointed).flatMap(({ from, to }) => [from, to]),
  )
  return (
    <figure className="picture">
      <figcaption className="dim">
        {t('request.pictureHelp')} {items.length > most && t('request.pictureLarge', { count: most })}
      </figcaption>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('request.picture')}>
        <svg width={width} height={height} role="img" aria-label={t('request.picture')}>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M1 1l6 3-6 3" />
            </marker>
          </defs>
          {lines.map(({ from, to }) => {
            const [a, b] = [places.get(from)!, places.get(to)!]
            const on = pointed === from || pointed === to
            const [x1, y1, x2, y2] = [a.x + column - gap, a.y + row / 2, b.x - 2, b.y + row / 2]
            const bend = Math.max(16, Math.abs(x2 - x1) / 2)
            return (
              <path
                key={`${from} ${to}`}
                className={on ? 'line on' : 'line'}
                d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
                markerEnd="url(#arrow)"
              />
            )
          })}
          {shown.map(({ project, root, ...item }) => {
            const { x, y } = places.get(project)!
            const classes = ['node', root && 'root', item.new && 'new', near.has(project) && 'on'].filter(Boolean)
            return (
              <g
                key={project}
                className={classes.join(' ')}
                transform={`translate(${x} ${y})`}
                onPointerEnter={() => setPointed(project)}
                onPointerLeave={() => setPointed(null)}
              >
                <title>{`${project} ${item.version}`}</title>
                <rect width={column - gap} height={row - 4} y={2} rx={3} />
                <text x={7} y={row / 2 + 4}>
                  {project.length > letters ? `${project.slice(0, letters - 1)}…` : project}
                </text>
              </g>
            )
          })}
        </svg>
      </div>
    </figure>
  )
}

function layOut(items: readonly ClosureItem[]) {
  const placed = layers(items.map(({ project, neededBy, root }) => ({ name: project, neededBy, root })))
  const counts = new Map<number, number>()
  for (const { layer } of placed) counts.set(layer, (counts.get(layer) ?? 0) + 1)
  const tallest = Math.max(1, ...counts.values())
  const places = new Map(
    placed.map(({ name, layer, place }) => {
      const spare = (tallest - counts.get(layer)!) / 2
      return [name, { x: layer * column + 4, y: (place + Math.min(spare, 6)) * row + 4 }]
    }),
  )
  const bottom = Math.max(...[...places.values()].map(({ y }) => y))
  return { places, width: counts.size * column, height: bottom + row + 8 }
}
