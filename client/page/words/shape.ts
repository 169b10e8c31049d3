import type { en } from './en.ts'

/** The keys of `en`, each with a text. */
export type Words = Texts<typeof en>
type Texts<T> = { readonly [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
