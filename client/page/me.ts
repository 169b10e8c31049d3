/** Who sits here, as far as they said: nobody logs in, a name is only a name. */
import { useSyncExternalStore } from 'react'
import { recall, remember } from './remember.ts'

let name = recall('name') ?? ''
const watchers = new Set<() => void>()

export function useName(): [string, (name: string) => void] {
  const current = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    () => name,
  )
  return [current, rename]
}

/** The same as the API takes it: nothing where no name was said. */
export function useAuthor(): { readonly requester?: string } {
  const [name] = useName()
  return name.trim() === '' ? {} : { requester: name.trim() }
}

function rename(next: string): void {
  name = next
  remember('name', next.trim() === '' ? null : next)
  for (const watcher of watchers) watcher()
}
