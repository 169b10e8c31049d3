/** A process of its own that downloads what it is told, so that a test can kill it: `node downloader.ts ROOT ARTIFACT`. */
import type { Artifact } from '../../storage/records.ts'
import { createUpstreamClient } from '../../server/upstream/client.ts'
import { createDownloads } from '../../server/upstream/download.ts'

const [root = '', json = ''] = process.argv.slice(2)
const artifact = JSON.parse(json) as Artifact
const client = createUpstreamClient({ origins: [{ name: 'default', url: artifact.url }] })
const limits = { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0 }
await createDownloads({ client, root, limits }).fetch([artifact], { signal: new AbortController().signal })
client.close()
