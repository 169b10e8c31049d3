/** What hostile code tries to reach: each attempt is refused by name, and succeeds where a hole is made for it. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/folders.ts'
import { attack, openings, type Opening } from './hostile.ts'

type Case = {
  readonly code: string
  /** What is said of each attempt. */
  readonly refused: RegExp
  /** The hole through which the same code gets. */
  readonly opened?: Opening
}

const cases: Readonly<Record<string, Case>> = {
  'vsock, which reaches the hypervisor': {
    code: 'attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))',
    refused: /^refused vsock OSError EAFNOSUPPORT$/,
  },
  'families of sockets beyond the four': {
    code: `
for family in [n for n in range(64) if n not in (1, 2, 10, 16)]:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try: socket.socket(family, kind)
        except OSError as error:
            if error.errno != errno.EAFNOSUPPORT: escaped(f'family {family}: {error}')
        else: escaped(f'family {family}')
print('refused 240')`,
    refused: /^refused 240$/,
    opened: openings.filter,
  },
  'raw packets': {
    code: 'attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))',
    refused: /^refused raw PermissionError EPERM$/,
  },
  'the outside by address': {
    code: `
for family, where in ((socket.AF_INET, '192.0.2.1'), (socket.AF_INET6, '2001:db8::1')):
    s = socket.socket(family, socket.SOCK_DGRAM)
    attempt(where, lambda: s.sendto(b'x', (where, 53)))`,
    refused: /^refused 192\.0\.2\.1 OSError ENETUNREACH\nrefused 2001:db8::1 OSError ENETUNREACH$/,
  },
  'the outside by name': {
    code: 'attempt("name", lambda: socket.getaddrinfo("airlock.example", 80))',
    refused: /^refused name gaierror$/,
  },
  'its own network': {
    code: `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
import fcntl
request = struct.pack('16sH14s', b'lo', 0, b'')
attempt('link', lambda: fcntl.ioctl(s, 0x8914, request))
attempt('address', lambda: fcntl.ioctl(s, 0x8916, struct.pack('16sHH4s8x', b'lo', 2, 0, bytes([10, 0, 0, 1]))))`,
    refused: /^refused link PermissionError EPERM\nrefused address PermissionError EPERM$/,
  },
  'files of other users': {
    code: `
for path in ('/etc/shadow', '/root/.bashrc', '/home', '/var', '/opt', '/run', '/sys', '/boot', '/etc/hostname', '/etc/resolv.conf'):
    attempt(path, lambda: os.stat(path))`,
    refused: /^(?:refused \/\S+ FileNotFoundError ENOENT\n?){10}$/,
  },
  'the kernel’s memory and messages': {
    code: `
for path in ('/dev/mem', '/dev/kmem', '/dev/port', '/proc/kcore', '/proc/kmsg', '/dev/kmsg', '/dev/vsock', '/dev/kvm', '/dev/fuse'):
    attempt(path, lambda: open(path, 'rb').read(1))
attempt('syslog', lambda: call(103, 116, 3, ctypes.create_string_buffer(99), 99))
addresses = {line.split()[0] for line in open('/proc/kallsyms').read(9999).splitlines()[:20]}
if addresses - {'0000000000000000'}: escaped('addresses of the kernel')`,
    refused:
      /^(?:refused \/\S+ (?:FileNotFoundError ENOENT|PermissionError E\w+)\n){9}refused syslog PermissionError EPERM$/,
  },
  'processes outside, by number and by all': {
    code: `
attempt('kill', lambda: [os.kill(n, 0) for n in range(40, 33000)])
pids = sorted(int(n) for n in os.listdir('/proc') if n.isdigit())
if len(pids) > 6: escaped(f'{len(pids)} processes')`,
    refused: /^refused kill ProcessLookupError ESRCH$/,
    opened: openings.processes,
  },
  'the memory of another process': {
    code: `
attempt('ptrace', lambda: call(101, 117, 0x4206, 1, 0, 0))
b = ctypes.create_string_buffer(8)
v = struct.pack('QQ', ctypes.addressof(b), 8)
attempt('vm_readv', lambda: call(310, 270, os.getppid(), v, 1, v, 1, 0))
attempt('vm_writev', lambda: call(311, 271, os.getppid(), v, 1, v, 1, 0))
attempt('getfd', lambda: call(438, 438, os.pidfd_open(os.getppid()), 0, 0))
attempt('kcmp', lambda: call(312, 272, os.getpid(), os.getppid(), 0, 0, 0))`,
    refused: /^(?:refused \w+ PermissionError EPERM\n?){5}$/,
    opened: openings.filter,
  },
  'the kernel’s keyrings': {
    code: `
attempt('keyctl', lambda: call(250, 219, 0, -3, 1))
attempt('add_key', lambda: call(248, 217, b'user', b'airlock', b'x', 1, -3))
attempt('request_key', lambda: call(249, 218, b'user', b'airlock', 0, 0))`,
    refused: /^(?:refused \w+ PermissionError EPERM\n?){3}$/,
    opened: openings.filter,
  },
  'namespaces of its own': {
    code: `
attempt('unshare', lambda: call(272, 97, 0x10000000))
attempt('clone', lambda: call(56, 220, 0x10000000 | 17, 0, 0, 0, 0) or os._exit(0))
attempt('clone3', lambda: call(435, 435, struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88) or os._exit(0))
attempt('setns', lambda: call(308, 268, os.open('/proc/1/ns/user', 0), 0))`,
    refused:
      /^refused unshare PermissionError EPERM\nrefused clone PermissionError EPERM\nrefused clone3 OSError ENOSYS\nrefused setns PermissionError EPERM$/,
    opened: openings.filter,
  },
  'mounts, old and new': {
    code: `
attempt('mount', lambda: call(165, 40, b'x', b'/tmp', b'tmpfs', 0, 0))
attempt('remount', lambda: call(165, 40, b'x', b'/usr', b'x', 0x1020, 0))
attempt('umount', lambda: call(166, 39, b'/usr', 2))
attempt('pivot', lambda: call(155, 41, b'/build', b'/build'))
attempt('fsopen', lambda: call(430, 430, b'tmpfs', 0))
attempt('open_tree', lambda: call(428, 428, -100, b'/', 0))
attempt('fspick', lambda: call(433, 433, -100, b'/', 0))
attempt('setattr', lambda: call(442, 442, -100, b'/usr', 0, bytes(32), 32))
attempt('listmount', lambda: call(458, 458, bytes(32), bytes(32), 1, 0))`,
    refused: /^(?:refused \w+ PermissionError EPERM\n?){9}$/,
    opened: openings.filter,
  },
  'another root': {
    code: `
attempt('chroot', lambda: os.chroot('/build'))
if os.path.exists('/proc/1/root/etc/shadow') or os.path.exists('/../etc/shadow'): escaped('by way of process 1')`,
    refused: /^refused chroot PermissionError EPERM$/,
  },
  'files by their handles': {
    code: 'attempt("handle", lambda: call(304, 265, -100, struct.pack("II8s", 8, 1, bytes([2])), 0))',
    refused: /^refused handle PermissionError EPERM$/,
  },
  'ways into the kernel with a history': {
    code: `
attempt('bpf', lambda: call(321, 280, 0, bytes(72), 72))
attempt('perf', lambda: call(298, 241, bytes(112), 0, -1, -1, 0))
attempt('userfaultfd', lambda: call(323, 282, 1))
attempt('io_uring', lambda: call(425, 425, 1, ctypes.create_string_buffer(120)))
attempt('fanotify', lambda: call(300, 262, 0, 0))`,
    refused:
      /^refused bpf PermissionError EPERM\nrefused perf PermissionError EPERM\nrefused userfaultfd PermissionError EPERM\nrefused io_uring OSError ENOSYS\nrefused fanotify PermissionError EPERM$/,
    opened: openings.filter,
  },
  'the machine’s clock, name, modules and power': {
    code: `
attempt('clock', lambda: call(227, 112, 0, bytes(16)))
attempt('name', lambda: socket.sethostname('x'))
attempt('module', lambda: call(175, 105, bytes(8), 8, b''))
attempt('kexec', lambda: call(246, 104, 0, 0, 0, 0))
attempt('reboot', lambda: call(169, 142, 0, 0, 0, 0))
attempt('swap', lambda: call(167, 224, b'/build/x', 0))
if os.uname().nodename != 'sandbox': escaped('the name ' + os.uname().nodename)`,
    refused: /^(?:refused \w+ PermissionError EPERM\n?){6}$/,
  },
  'typing into a terminal': {
    code: `
import fcntl
attempt('own', lambda: open('/dev/tty'))
far, near = os.openpty()
attempt('typing', lambda: fcntl.ioctl(near, 0x5412, b'x'))
attempt('console', lambda: fcntl.ioctl(near, 0x541c, b'x'))`,
    refused: /^refused own OSError ENXIO\nrefused typing PermissionError EPERM\nrefused console PermissionError EPERM$/,
  },
  'the system’s files': {
    code: `
for path in ('/x', '/usr/x', '/usr/bin/x', '/etc/x', '/dev/x', '/bin/x'):
    attempt(path, lambda: open(path, 'w'))
for path in ('/etc/passwd', '/usr/bin/env', '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger'):
    attempt(path, lambda: open(path, 'a').write('x'))`,
    refused: /^(?:refused \/\S+ (?:OSError EROFS|PermissionError EACCES|FileNotFoundError ENOENT)\n?){11}$/,
  },
  'the root that bubblewrap makes': {
    code: 'attempt("root", lambda: open("/x", "w"))',
    refused: /^refused root OSError EROFS$/,
    opened: openings.root,
  },
  devices: {
    code: `
import stat
attempt('block', lambda: os.mknod('/build/out/disk', stat.S_IFBLK | 0o666, os.makedev(254, 0)))
attempt('character', lambda: os.mknod('/build/out/mem', stat.S_IFCHR | 0o666, os.makedev(1, 1)))`,
    refused: /^refused block PermissionError EPERM\nrefused character PermissionError EPERM$/,
  },
  'another user by its number': {
    code: `
for what, act in (('setuid', lambda: os.setuid(0)), ('setgid', lambda: os.setgid(0)), ('groups', lambda: os.setgroups([0])), ('chown', lambda: os.chown('/build/out', 0, 0))):
    attempt(what, act)`,
    refused: /^refused setuid \w+ E\w+\nrefused setgid \w+ E\w+\nrefused groups \w+ E\w+\nrefused chown \w+ E\w+$/,
  },
  'another user by a setuid program': {
    code: `
import shutil
shutil.copy('/usr/bin/id', '/build/id'); os.chmod('/build/id', 0o6755)
print('refused', subprocess.check_output(['/build/id', '-u'], text=True).strip())
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
print(status['NoNewPrivs'].strip(), int(status['CapEff'], 16), int(status['CapBnd'], 16), status['Seccomp'].strip())`,
    refused: /^refused 1000\n1 0 0 2$/,
  },
  'more than its limits': {
    code: `
import resource
for name in ('NPROC', 'NOFILE', 'AS', 'CPU', 'FSIZE', 'CORE', 'MEMLOCK', 'MSGQUEUE'):
    kind = getattr(resource, 'RLIMIT_' + name)
    attempt(name, lambda: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))`,
    refused: /^(?:refused \w+ (?:ValueError|PermissionError EPERM)\n?){8}$/,
  },
  'memory that belongs to no process': {
    code: `
attempt('memfd', lambda: os.memfd_create('x'))
attempt('secret', lambda: call(447, 447, 0))
attempt('shm', lambda: call(29, 194, 0, 1 << 20, 0o1600))
attempt('msg', lambda: call(68, 186, 0, 0o1600))
attempt('sem', lambda: call(64, 190, 0, 9, 0o1600))
attempt('mq', lambda: call(240, 180, b'x', 0o102, 0o600, 0))`,
    refused: /^(?:refused \w+ OSError ENOSYS\n?){6}$/,
    opened: openings.filter,
  },
  'programs’ numbers of another kind': {
    code: 'attempt("x32", lambda: call(0x40000000 + 39, 9999))',
    refused: /^refused x32 OSError ENOSYS$/,
  },
  'the folder of outputs itself': {
    code: `
attempt('remove', lambda: os.rmdir('/build/out'))
attempt('rename', lambda: os.rename('/build/out', '/build/other'))
attempt('over', lambda: os.rename('/build', '/tmp/build'))
os.symlink('/etc', '/build/link')
attempt('replace', lambda: os.replace('/build/link', '/build/out'))`,
    refused:
      /^refused remove OSError EBUSY\nrefused rename OSError EBUSY\nrefused over OSError E\w+\nrefused replace \w+ E\w+$/,
  },
}

for (const [name, { code, refused, opened }] of Object.entries(cases)) {
  test(`out of reach: ${name}`, async (t) => {
    const { ended, log, status } = await attack(t, code)
    assert.doesNotMatch(log, /ESCAPED/)
    assert.match(log, refused)
    assert.deepEqual([ended, status], ['exit', 0], log)
  })
  if (opened !== undefined)
    test(`control, with a hole the same code gets through: ${name}`, async (t) => {
      assert.match((await attack(t, code, { opened })).log, /ESCAPED/)
    })
}

test('out of reach: a server on this machine’s loopback, which a hole in the network lets in', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}).end('secret'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const code = `attempt('loopback', lambda: socket.create_connection(('127.0.0.1', ${port}), 5))`
  assert.equal((await attack(t, code)).log, 'refused loopback ConnectionRefusedError ECONNREFUSED')
  assert.equal((await attack(t, code, { opened: openings.network })).log, 'ESCAPED loopback')
})

test('out of reach: an abstract UNIX socket, which a hole in the network lets in', async (t) => {
  const name = `airlock-test-${process.pid}`
  const server = createServer((socket) => socket.on('error', () => {}).end('secret'))
  await new Promise<void>((resolve) => server.listen(`\0${name}`, resolve))
  t.after(() => server.close())
  const code = `
s = socket.socket(socket.AF_UNIX)
attempt('abstract', lambda: s.connect(${JSON.stringify(`\0${name}`)}))`
  assert.equal((await attack(t, code)).log, 'refused abstract ConnectionRefusedError ECONNREFUSED')
  assert.equal((await attack(t, code, { opened: openings.network })).log, 'ESCAPED abstract')
})

/** A state with a key in it, and code that looks for both. */
async function stateOf(t: TestContext) {
  const folder = join(await temporaryFolder(t), 'state')
  await mkdir(join(folder, 'keys'), { recursive: true })
  await writeFile(join(folder, 'keys/apt.asc'), 'the private key')
  const code = `
attempt('key', lambda: open(${JSON.stringify(join(folder, 'keys/apt.asc'))}).read())
attempt('write', lambda: open(${JSON.stringify(join(folder, 'planted'))}, 'w').write('x'))
for top, folders, files in os.walk('/'):
    if top in ('/proc', '/usr'): folders.clear()
    if 'apt.asc' in files: escaped(top)`
  return { folder, code }
}

test('out of reach: the state and its keys, to read and to write; a hole lets in', async (t) => {
  const { folder, code } = await stateOf(t)
  assert.equal(
    (await attack(t, code)).log,
    'refused key FileNotFoundError ENOENT\nrefused write FileNotFoundError ENOENT',
  )
  // whoever the sandbox's user is, the hole has to be one for him
  const opened = (args: readonly string[]) =>
    openings
      .folder(folder)(args)
      .map((arg) => (isUser(arg, args) ? '' : arg))
  assert.match((await attack(t, code, { opened })).log, /^ESCAPED key\nESCAPED write\n/)
  assert.equal(await readFile(join(folder, 'planted'), 'utf8'), 'x')
})

/** The third word of the set-up is the user, who is nobody to this machine. */
const isUser = (arg: string, args: readonly string[]) =>
  args[args.findIndex((one) => one.endsWith('set-up.sh')) + 3] === arg && arg !== ''

test('out of reach: the environment, this process’s and what started the sandbox', async (t) => {
  process.env['AIRLOCK_CANARY'] = 'canary-of-the-environment'
  t.after(() => delete process.env['AIRLOCK_CANARY'])
  const code = `
found = dict(os.environ)
found.pop('PWD', None); found.pop('LC_CTYPE', None)
print(found)
for pid in [n for n in os.listdir('/proc') if n.isdigit()]:
    if b'canary' in open(f'/proc/{pid}/environ', 'rb').read(): escaped('environ of ' + pid)
    if pid == '1': print(open('/proc/1/environ').read())`
  const { log } = await attack(t, code)
  assert.equal(log, "{'PATH': '/usr/bin:/bin', 'HOME': '/build'}\nPATH=/usr/bin:/bin\ufffd")
})

test('out of reach: what the server had open, and what whoever started it had', async (t) => {
  const code = `
attempt('descriptors', lambda: [os.fstat(n) for n in range(3, 512)])
print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:3], sorted(os.listdir('/proc/1/fd')))`
  const { startChild } = await import('../../server/child.ts')
  const { log } = await attack(t, code, {
    start: (command, args, options) => startChild(command, args, { ...options, pipes: options.pipes + 8 }),
  })
  assert.match(log, /^refused descriptors OSError EBADF\n\[0, 1, 2\] \['0', '1', '2', '\d+'\]$/)
})

test('out of reach: an input, which can be read and nothing else', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'given.txt'), 'given', { mode: 0o666 })
  const { log } = await attack(
    t,
    `
print(open('/build/src/given.txt').read())
attempt('write', lambda: open('/build/src/given.txt', 'w'))
attempt('link', lambda: os.link('/build/src/given.txt', '/build/out/given.txt'))
attempt('remove', lambda: os.unlink('/build/src/given.txt'))
attempt('mode', lambda: os.chmod('/build/src/given.txt', 0o777))`,
    { inputs: [{ from: folder, to: '/build/src' }] },
  )
  assert.match(
    log,
    /^given\nrefused write OSError EROFS\nrefused link OSError EXDEV\nrefused remove OSError EROFS\nrefused mode OSError E(?:ROFS|PERM)$/,
  )
  assert.equal(await readFile(join(folder, 'given.txt'), 'utf8'), 'given')
})

test('out of reach: another sandbox at the same time', async (t) => {
  const leave = `
open('/tmp/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x'); open('/build/left', 'w').write('x')
s = socket.socket(socket.AF_UNIX); s.bind('\\0left'); s.listen()
print('left', flush=True); time.sleep(2)`
  const look = `
for path in ('/tmp/left', '/dev/shm/left', '/build/left'): attempt(path, lambda: open(path))
s = socket.socket(socket.AF_UNIX)
attempt('socket', lambda: s.connect('\\0left'))`
  const { promise: left, resolve } = Promise.withResolvers<void>()
  const one = attack(t, leave, { onLine: () => resolve() })
  await left
  const other = await attack(t, look)
  assert.match(
    other.log,
    /^(?:refused \S+ FileNotFoundError ENOENT\n){3}refused socket ConnectionRefusedError ECONNREFUSED$/,
  )
  await one
})
