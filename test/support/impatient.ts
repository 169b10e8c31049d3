/** Loaded before the server's own modules: its patience with upstream, in fractions of a second in place of minutes. */
if (process.argv[2] === 'serve') {
  const { defaultTimeouts } = await import('../../server/upstream/exchange.ts')
  const { defaultPatience } = await import('../../server/upstream/retry.ts')
  const each = { lookup: 500, connect: 500, secureConnect: 500, response: 700, idle: 500, window: 800 }
  Object.assign(defaultTimeouts, each)
  Object.assign(defaultPatience, { retries: 2, firstWait: 20 })
}
