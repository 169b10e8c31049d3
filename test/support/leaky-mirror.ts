/** Loaded before the server's own modules, as sabotage: the mirror closes no file, keeps memory for each, and sends a wrong byte. */
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

if (process.argv[2] === 'mirror') {
  const { open } = promises
  const kept: unknown[] = []
  promises.open = async (...given) => {
    const handle = await open(...given)
    const read = handle.read.bind(handle) as (...args: unknown[]) => Promise<{ bytesRead: number }>
    handle.read = (async (buffer: Buffer, ...rest: unknown[]) => {
      const result = await read(buffer, ...rest)
      buffer[0]! ^= 1
      return result
    }) as never
    handle.close = () => Promise.resolve()
    // enough from the first few, however few a busy machine serves
    kept.push(handle, ...(kept.length < 128 ? [Buffer.alloc(2 ** 23, 1)] : []))
    return handle
  }
  syncBuiltinESMExports()
}
