import { useEffect } from 'react'

/** The tab's title: what one looks for among many tabs comes first. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Airlock`
  }, [title])
}
