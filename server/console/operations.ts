/** The contract as functions: what each operation is given once it was checked, and what it answers. Errors are thrown. */
import type { z } from 'zod'
import type { Operation, operations } from '../contract.ts'
import type { Language } from '../errors.ts'

type Shape = {
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly file?: z.ZodType
  readonly answer: z.ZodType
}
type Part<O extends Operation, K extends keyof Shape> = (typeof operations)[O] extends {
  readonly [P in K]: infer S extends z.ZodType
}
  ? z.output<S>
  : undefined
export type Input<O extends Operation> = {
  readonly params: Part<O, 'params'>
  readonly query: Part<O, 'query'>
  readonly body: Part<O, 'body'>
  /** In place of a body: a requirements file, and what its query says. */
  readonly file?: (Part<O, 'file'> & { readonly text: string }) | undefined
  readonly language: Language
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
  /** The exchange's, in every line of the log. */
  readonly reqId?: string
}
export type Answer<O extends Operation> = z.input<(typeof operations)[O]['answer']>
export type Api = { readonly [O in Operation]: (input: Input<O>) => Promise<Answer<O>> }
