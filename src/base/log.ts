/** Structured logs, one JSON line an event, with secrets taken out before they are written. */
import { type DestinationStream, type Logger, pino } from 'pino'
import { LineBuffer } from './line-buffer.ts'

export type Log = Logger

/** Header and field names whose values never reach a log line. */
const redacted = [
  'token',
  '*.token',
  'authorization',
  '*.authorization',
  'headers.authorization',
  'headers.cookie',
  'headers["x-cf-session"]',
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-cf-session"]',
]

export interface Logs {
  readonly log: Log
  /** A line for each request. It holds no secret that could be looked for, and may be written up to a second later. */
  readonly access: Log
  flush(): void
}

/** @param level pino's level, `silent` to say nothing; @param destination a stream, standard output by default */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = { level, base: null, redact: { paths: redacted, censor: '[redacted]' } }
  return destination ? pino(options, destination) : pino(options)
}

/** The logs of a server, on standard output. What is buffered is written before the process exits. */
export function openLogs(level: string): Logs {
  const output = pino.destination({ fd: 1, sync: true })
  const buffer = new LineBuffer(output)
  const flush = (): void => buffer.flush()
  process.on('exit', flush)
  return { log: createLog(level, output), access: pino({ level, base: null }, buffer), flush }
}
