/** A process of its own that publishes one page until it is published, so that a test can trace it: `node publisher.ts ROOT`. */
import { createTree } from '../../storage/tree.ts'

const tree = createTree(process.argv[2]!)
const page = [{ path: 'toy/simple/index.html', bytes: Buffer.from('one') }]
for (let tries = 0; ; tries++) {
  try {
    await tree.publish([page])
    break
  } catch (error) {
    if (tries === 1) throw error
  }
}
