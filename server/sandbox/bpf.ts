/** The few instructions of the kernel's classic packet filter that a filter of system calls needs, and their assembly. */

/** A `struct sock_filter`: jumps are relative to the next instruction. */
export type Instruction = { readonly code: number; readonly yes: number; readonly no: number; readonly value: number }

// linux/bpf_common.h: BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K and its kin, BPF_RET|BPF_K
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_AT_LEAST = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06

/** Loads 32 bits at an offset of `struct seccomp_data`. */
export const load = (offset: number): Instruction => ({ code: LOAD, yes: 0, no: 0, value: offset })
export const answer = (value: number): Instruction => ({ code: RETURN, yes: 0, no: 0, value })

/** What is loaded compared with a value; where it holds, `then` is run, else what comes after it. */
export function when(test: 'equal' | 'at least' | 'any bit of', value: number, then: readonly Instruction[]) {
  const code = { equal: JUMP_EQUAL, 'at least': JUMP_AT_LEAST, 'any bit of': JUMP_ANY_BIT }[test]
  if (then.length > 255) throw new RangeError('a jump of the filter reaches 255 instructions at most')
  return [{ code, yes: 0, no: then.length, value }, ...then]
}

/** The bytes that `bwrap --seccomp` reads. Both processors are little-endian. */
export function assemble(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8)
  for (const [at, { code, yes, no, value }] of instructions.entries()) {
    bytes.writeUInt16LE(code, at * 8)
    bytes.writeUInt8(yes, at * 8 + 2)
    bytes.writeUInt8(no, at * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, at * 8 + 4)
  }
  return bytes
}
