import type { TestEvent } from 'node:test/reporters'

/** A reporter beside `spec`: names every test that was skipped, and fails a run in which no test ran at all. */
export default async function* tally(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let ran = 0
  const left: string[] = []
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    // A file without tests is reported as a test of its own name.
    if (data.details.type === 'suite' || data.name === data.file) continue
    const reason = data.skip ?? data.todo
    if (reason === undefined || reason === false) ran++
    else left.push(`${data.name}${typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''}`)
  }
  if (left.length > 0) yield `not run (${left.length}):\n${left.map((name) => `  ${name}\n`).join('')}`
  if (ran === 0) {
    process.exitCode = 1
    yield 'no test ran, which is a failure\n'
  }
}
