/** This machine's Python and the libraries that its pip carries, as a second opinion. */
import { execFileSync } from 'node:child_process'

/** Runs a script that finds the asked in `question` and prints JSON. */
export function askPython(script: string, question: unknown = null): unknown {
  const lines = ['import json, sys', 'question = json.load(sys.stdin)', script]
  const answer = execFileSync('python3', ['-W', 'ignore', '-c', lines.join('\n')], {
    input: JSON.stringify(question),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  return JSON.parse(answer)
}
