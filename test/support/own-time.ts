/** Milliseconds of the processor that this thread has had: what others do on the machine is none of them. */
export function ownTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
