/**
 * Disks that lose their power: ext4 in an image file, mounted by a loop device, and copies of the image as of an instant.
 * A copy holds what was written through to the block layer and nothing of ext4's own dirty pages, as a disk would; mounted,
 * it replays its journal. Nothing is written back early: journals are committed by fsync alone, and a rename brings no
 * data along. Needs root, as the project's tests do.
 *
 *   const disks = await openDisks()
 *   const disk = disks.make('state')        disk.folder is where it is mounted
 *   const image = disk.copy()
 *   const folder = disks.mount(image)       … disks.unmount(folder)
 *   await disks.close()                     unmounts whatever is mounted, and removes it
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type Disk = { readonly folder: string; copy(): string }

const run = (command: string, ...args: readonly string[]) =>
  execFileSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  })

/** The images themselves are in memory: what is measured is not this machine's disk. */
export async function openDisks() {
  const base = await mkdtemp(join(tmpdir(), 'airlock-disks-'))
  run('mount', '-t', 'tmpfs', '-o', 'size=3g', 'tmpfs', base)
  const mounted = new Set<string>()
  let count = 0

  function mount(image: string, options = 'loop'): string {
    const folder = join(base, `mounted-${count++}`)
    mkdirSync(folder)
    run('mount', '-o', options, image, folder)
    mounted.add(folder)
    return folder
  }

  function unmount(folder: string): void {
    run('umount', folder)
    mounted.delete(folder)
  }

  return {
    mount,
    unmount,
    make(name: string): Disk {
      const image = join(base, `${name}.img`)
      run('truncate', '-s', '256M', image)
      run('mkfs.ext4', '-q', '-F', '-m', '0', '-J', 'size=8', image)
      return {
        folder: mount(image, 'loop,commit=3600,noauto_da_alloc'),
        copy() {
          const copy = join(base, `${name}-${count++}.img`)
          run('cp', '--sparse=always', image, copy)
          return copy
        },
      }
    },
    remove: (image: string) => rmSync(image),
    async close(): Promise<void> {
      for (const folder of mounted) unmount(folder)
      // the kernel lets a loop device go a moment after its unmounting
      for (let tries = 0; ; tries++) {
        try {
          run('umount', ...(tries < 100 ? [] : ['-l']), base)
          break
        } catch (error) {
          if (tries === 100) throw error
          await sleep(50)
        }
      }
      await rmdir(base)
    },
  }
}

export type Disks = Awaited<ReturnType<typeof openDisks>>
