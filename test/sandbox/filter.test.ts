/** The filter as the kernel runs it, for both processors, by a small machine of our own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assemble, answer, load, when } from '../../server/sandbox/bpf.ts'
import { systemCallFilter } from '../../server/sandbox/filter.ts'
import { judged, missing, refused, type Processor } from '../../server/sandbox/syscalls.ts'

const architectures = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
const answers: Readonly<Record<number, string>> = {
  0x7fff0000: 'allowed',
  0x80000000: 'killed',
  0x00050001: 'EPERM',
  0x00050026: 'ENOSYS',
  0x00050061: 'EAFNOSUPPORT',
}

type Call = { readonly number: number; readonly args?: readonly bigint[]; readonly architecture?: number }

/** Classic BPF over a `struct seccomp_data`. */
function run(program: Buffer, { number, args = [], architecture = 0 }: Call): string {
  const input = Buffer.alloc(64)
  input.writeInt32LE(number | 0, 0)
  input.writeUInt32LE(architecture, 4)
  for (const [at, arg] of args.entries()) input.writeBigUInt64LE(BigInt.asUintN(64, arg), 16 + at * 8)
  let accumulator = 0
  for (let at = 0; ; at++) {
    assert.ok(at * 8 < program.length, 'it runs past its end')
    const [code, yes, no] = [program.readUInt16LE(at * 8), program[at * 8 + 2]!, program[at * 8 + 3]!]
    const value = program.readUInt32LE(at * 8 + 4)
    if (code === 0x20) accumulator = input.readUInt32LE(value)
    else if (code === 0x15) at += accumulator === value ? yes : no
    else if (code === 0x35) at += accumulator >= value ? yes : no
    else if (code === 0x45) at += (accumulator & value) !== 0 ? yes : no
    else if (code === 0x06) return answers[value] ?? value.toString(16)
    else assert.fail(`no such instruction: ${code}`)
  }
}

for (const processor of ['x64', 'arm64'] as const satisfies readonly Processor[]) {
  const program = systemCallFilter(processor)
  const [own, other] = processor === 'x64' ? ([0, 'arm64'] as const) : ([1, 'x64'] as const)
  const ask = (number: number, ...args: readonly bigint[]) =>
    run(program, { number, args, architecture: architectures[processor] })

  test(`${processor}: what is refused is refused, what is missing is missing`, () => {
    for (const [name, numbers] of Object.entries(refused)) {
      const number = numbers[own]
      if (number !== null) assert.equal(ask(number), 'EPERM', name)
    }
    for (const [name, numbers] of Object.entries(missing)) assert.equal(ask(numbers[own]), 'ENOSYS', name)
  })

  test(`${processor}: what programs live on is allowed`, () => {
    // read, write, openat, mmap, execve, wait4, futex, exit_group, getrandom, prlimit64, statx
    const common = {
      x64: [0, 1, 257, 9, 59, 61, 202, 231, 318, 302, 332],
      arm64: [63, 64, 56, 222, 221, 260, 98, 94, 278, 261, 291],
    }[processor]
    for (const number of common) assert.equal(ask(number), 'allowed', String(number))
  })

  test(`${processor}: of sockets, four families`, () => {
    for (const call of ['socket', 'socketpair'] as const)
      for (let family = 0n; family < 64n; family++) {
        const expected = [1n, 2n, 10n, 16n].includes(family) ? 'allowed' : 'EAFNOSUPPORT'
        assert.equal(ask(judged[call][own], family), expected, `${call} ${family}`)
      }
    // the kernel looks at the low half alone, so the filter does too
    assert.equal(ask(judged.socket[own], (1n << 32n) | 40n), 'EAFNOSUPPORT')
    assert.equal(ask(judged.socket[own], -1n), 'EAFNOSUPPORT')
  })

  test(`${processor}: processes and threads, and no namespaces`, () => {
    assert.equal(ask(judged.clone[own], 17n), 'allowed')
    assert.equal(ask(judged.clone[own], 0x3d0f00n), 'allowed')
    for (const flag of [0x00020000n, 0x02000000n, 0x04000000n, 0x08000000n, 0x10000000n, 0x20000000n, 0x40000000n])
      assert.equal(ask(judged.clone[own], flag | 17n), 'EPERM', flag.toString(16))
  })

  test(`${processor}: no typing into terminals, whatever the upper half says`, () => {
    for (const request of [0x5412n, 0x541cn, (1n << 32n) | 0x5412n, (0xffffffffn << 32n) | 0x541cn])
      assert.equal(ask(judged.ioctl[own], 1n, request), 'EPERM')
    assert.equal(ask(judged.ioctl[own], 1n, 0x5413n), 'allowed')
  })

  test(`${processor}: calls of another architecture end the process`, () => {
    assert.equal(run(program, { number: 0, architecture: architectures[other] }), 'killed')
    assert.equal(run(program, { number: 20, architecture: 0x40000003 }), 'killed')
  })
}

test('x64: the numbers of x32 are no way around', () => {
  const program = systemCallFilter('x64')
  for (const number of [0x40000000 | 272, 0x40000000, -1])
    assert.equal(run(program, { number, architecture: architectures.x64 }), 'ENOSYS')
})

test('no number is written twice, so none contradicts another', () => {
  for (const own of [0, 1] as const) {
    const all = Object.values({ ...refused, ...missing, ...judged }).flatMap((numbers) => numbers[own] ?? [])
    assert.equal(new Set(all).size, all.length)
  }
})

test('a jump that does not fit is an error, not another program', () => {
  assert.throws(
    () =>
      when(
        'equal',
        1,
        Array.from({ length: 256 }, () => answer(0)),
      ),
    RangeError,
  )
  assert.equal(assemble([load(4), answer(0x7fff0000)]).toString('hex'), '2000000004000000060000000000ff7f')
})
