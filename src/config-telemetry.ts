/** The settings of what the server says of its own work: log and traces. */
import { z } from 'zod'
import { integer } from './config-fields.ts'

export const telemetryFields = {
  SLOW_OPERATION_MS: integer(0, 600_000)
    .default(1_000)
    .describe('an operation that keeps its thread this long is logged; 0 logs none'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('how much is logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('an OpenTelemetry collector that traces are sent to, by OTLP over HTTP'),
  OTEL_SERVICE_NAME: z.string().min(1).default('carrel').describe('what traces call this server'),
}
