/** Which system calls a sandboxed command may make, as a program for the kernel. */
import { answer, assemble, load, when } from './bpf.ts'
import { judged, missing, numbersOf, refused, type Processor } from './syscalls.ts'

// offsets in struct seccomp_data: nr, arch, and the low halves of the arguments
const NUMBER = 0
const ARCHITECTURE = 4
const argument = (at: number) => 16 + at * 8

const ALLOW = answer(0x7fff0000)
const KILL = answer(0x80000000)
const errno = (number: number) => answer(0x00050000 | number)
const EPERM = errno(1)
const ENOSYS = errno(38)
const EAFNOSUPPORT = errno(97)

/** linux/audit.h */
const architectures = { x64: 0xc000003e, arm64: 0xc00000b7 } as const

/** UNIX, INET, INET6, NETLINK: each has its own in the sandbox's network. AF_VSOCK, which reaches the hypervisor, has not. */
const families = [1, 2, 10, 16]

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e020000

/** TIOCSTI and TIOCLINUX type into somebody's terminal. */
const typing = [0x5412, 0x541c]

/** The program for a processor. Calls of another architecture on the same machine (32-bit, x32) are none of its own. */
export function systemCallFilter(processor: Processor): Buffer {
  const own = (name: keyof typeof judged) => judged[name][processor === 'x64' ? 0 : 1]
  const any = (values: readonly number[], then: ReturnType<typeof answer>) =>
    values.flatMap((value) => when('equal', value, [then]))
  const family = [load(argument(0)), ...any(families, ALLOW), EAFNOSUPPORT]
  return assemble([
    load(ARCHITECTURE),
    ...when('equal', architectures[processor], [
      load(NUMBER),
      ...(processor === 'x64' ? when('at least', 0x40000000, [ENOSYS]) : []),
      ...when('equal', own('socket'), family),
      ...when('equal', own('socketpair'), family),
      ...when('equal', own('clone'), [load(argument(0)), ...when('any bit of', newNamespaces, [EPERM]), ALLOW]),
      ...when('equal', own('ioctl'), [load(argument(1)), ...any(typing, EPERM), ALLOW]),
      ...any(numbersOf(missing, processor), ENOSYS),
      ...any(numbersOf(refused, processor), EPERM),
      ALLOW,
    ]),
    KILL,
  ])
}
