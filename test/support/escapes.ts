/** Loaded before the server's own modules, as sabotage: it connects to the outside, which the guard must not let pass. */
import { connect } from 'node:net'

if (process.argv[2] === 'serve') connect(80, '192.0.2.1').on('error', () => {})
