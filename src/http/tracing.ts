/**
 * Traces by OpenTelemetry: a span for each request and one for each operation of it. Nothing of them says who asked, for what,
 * or what was answered. Loaded only where there is a collector.
 */
import type { Trace } from '../base/trace.ts'

/** Nobody waits longer than this for a collector that is away, at a stop neither. */
const timeoutMs = 3_000
/** Spans that wait for the collector; more are dropped. */
const spansMax = 4_096

/** The span of one request. */
export interface RequestSpan {
  readonly begin: NonNullable<Trace['begin']>
  /** @param route the pattern, never the address */
  end(route: string, status: number): void
}

export interface Tracing {
  /** @param parent the header `traceparent` (W3C Trace Context), if there is one */
  request(requestId: string, method: string, parent: string | undefined): RequestSpan
  /** Sends what waits. */
  close(): Promise<void>
}

/** @param endpoint of the collector, before `/v1/traces`; whatever else OTEL_EXPORTER_OTLP_… says the exporter reads itself */
export async function openTracing(
  endpoint: string,
  service: { readonly name: string; readonly version: string },
): Promise<Tracing> {
  const [api, core, { OTLPTraceExporter }, { resourceFromAttributes }, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace'),
  ])
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: timeoutMs,
  })
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service.name,
      'service.version': service.version,
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter,
        maxQueueSize: spansMax,
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  })
  const tracer = provider.getTracer('carrel', service.version)
  return {
    request: (requestId, method, parent) => {
      const remote = parent === undefined ? null : core.parseTraceParent(parent)
      const around = remote
        ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true })
        : ROOT_CONTEXT
      const attributes = { 'http.request.method': method, 'carrel.request_id': requestId }
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, around)
      const within = trace.setSpan(ROOT_CONTEXT, span)
      return {
        begin: (operation) => {
          const child = tracer.startSpan(operation, {}, within)
          return (outcome) => {
            child.setAttribute('carrel.outcome', outcome)
            if (outcome === 'internal') child.setStatus({ code: SpanStatusCode.ERROR })
            child.end()
          }
        },
        end: (route, status) => {
          span.updateName(`${method} ${route}`)
          span.setAttributes({ 'http.route': route, 'http.response.status_code': status })
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
    close: () => provider.shutdown().catch(() => undefined),
  }
}
