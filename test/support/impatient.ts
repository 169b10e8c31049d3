/** Loaded before the server's own modules: its patience with upstream, seconds in place of minutes. */
if (process.argv[2] === 'serve') {
  const { defaultTimeouts } = await import('../../server/upstream/exchange.ts')
  const { defaultPatience } = await import('../../server/upstream/retry.ts')
  const each = { lookup: 1500, connect: 1500, secureConnect: 1500, response: 2000, idle: 1500, window: 2400 }
  Object.assign(defaultTimeouts, each)
  Object.assign(defaultPatience, { retries: 2, firstWait: 20 })
}
