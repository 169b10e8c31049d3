/** What this browser keeps for its user. A browser that keeps nothing is no error. */

export type Kept = 'language' | 'scheme' | 'name' | 'ecosystem' | 'targets.pip' | 'targets.apt' | 'notify' | 'mine'

export function recall(key: Kept): string | null {
  try {
    return localStorage.getItem(`airlock.${key}`)
  } catch {
    return null
  }
}

export function remember(key: Kept, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`airlock.${key}`)
    else localStorage.setItem(`airlock.${key}`, value)
  } catch {
    // it lasts until the tab is closed then
  }
}
