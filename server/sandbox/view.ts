/** What a sandboxed command sees, as bubblewrap is told. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { openFiles, type SandboxRun } from './run.ts'

/** Of /etc what compilers and interpreters need; nothing that says who this machine is. */
const etc = ['/etc/alternatives', '/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d']

/** Made by the set-up: they know the sandbox's own user and loopback. */
const made = ['passwd', 'group', 'hosts', 'nsswitch.conf']

/** Beside /usr: on merged systems links into it. */
const systemFolders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']

/** The user that a command believes to be. */
const user = '1000'

/** File descriptors that the launcher hands over. */
export const descriptors = { filter: 3, status: 4 } as const

/** bwrap's command line. Inputs lie at /sys/in/0, 1, …; /sys/{build,tmp,shm,out} are what may be written. */
export function bubblewrap({ command, inputs, outputFolder, env, cwd, limits }: SandboxRun): readonly string[] {
  const { cpuSeconds, memoryBytes, processes, diskBytes } = limits
  return [
    ['bwrap'],
    ['--unshare-user', '--unshare-all', '--die-with-parent', '--new-session'],
    ['--uid', user, '--gid', user, '--hostname', 'sandbox', '--cap-drop', 'ALL', '--clearenv'],
    ['--seccomp', String(descriptors.filter), '--json-status-fd', String(descriptors.status)],
    ['--ro-bind', '/usr', '/usr', ...systemFolders.flatMap(systemFolder)],
    etc.flatMap((path) => ['--ro-bind-try', path, path]),
    made.flatMap((name) => ['--ro-bind', `/sys/etc/${name}`, `/etc/${name}`]),
    ['--proc', '/proc', '--dev', '/dev', '--bind', '/sys/shm', '/dev/shm', '--remount-ro', '/dev'],
    ['--bind', '/sys/build', '/build', '--bind', '/sys/tmp', '/tmp'],
    inputs.flatMap(({ to }, at) => ['--ro-bind', `/sys/in/${at}`, to]),
    ['--bind', '/sys/out', outputFolder],
    // bwrap's own root is a tmpfs too, without bounds
    ['--remount-ro', '/'],
    Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    ['--chdir', cwd, '--'],
    // within, so that processes are counted in the sandbox alone; a limit that is set cannot be raised
    ['/usr/bin/prlimit', `--as=${memoryBytes}`, `--nproc=${processes}`, `--fsize=${diskBytes}`, '--core=0'],
    [`--cpu=${cpuSeconds}:${cpuSeconds + 1}`, `--nofile=${openFiles}`, '--memlock=65536', '--msgqueue=0'],
    ['--', ...command],
  ].flat()
}

function systemFolder(path: string): readonly string[] {
  if (!existsSync(path)) return []
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}
