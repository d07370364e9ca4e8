/** Structured logs, one JSON line an event, with secrets taken out before they are written. */
import { type Logger, pino } from 'pino'

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

/** @param level pino's level, `silent` to say nothing; @param destination a file descriptor or stream, standard output by default. */
export function createLog(level: string, destination?: NodeJS.WritableStream): Log {
  const options = { level, base: null, redact: { paths: redacted, censor: '[redacted]' } }
  return destination ? pino(options, destination) : pino(options)
}
