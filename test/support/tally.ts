import type { TestEvent } from 'node:test/reporters'

/** A reporter beside `spec`: names every test that was skipped, and fails a run with a file in which no test ran. */
export default async function* tally(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let ran = 0
  const skipped: string[] = []
  const empty: string[] = []
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const reason = data.skip ?? data.todo
    // A file without tests is reported as a test of its own name.
    if (data.nesting === 0 && data.file?.endsWith(`/${data.name}`)) empty.push(data.name)
    else if (reason !== undefined && reason !== false) skipped.push(`${data.name}: ${reason || 'no reason given'}`)
    else if (data.details.type !== 'suite') ran++
  }
  if (skipped.length > 0) yield `not run (${skipped.length}):\n${skipped.map((name) => `  ${name}\n`).join('')}`
  for (const file of empty) yield `${file} has no test, which is a failure\n`
  if (ran === 0) yield 'no test ran, which is a failure\n'
  if (ran === 0 || empty.length > 0) process.exitCode = 1
}
