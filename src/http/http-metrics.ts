/** Requests counted and timed by route. */
import { Counter, Histogram, type Registry } from 'prom-client'

/** From a cached read to a large upload, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300]

type Incrementable = Pick<Counter.Internal, 'inc'>
type Observable = Pick<Histogram.Internal<'route'>, 'observe'>

/** The metrics of one server. Children are looked up once per combination: prom-client hashes its labels each time. */
export class HttpMetrics {
  readonly #requests: Counter<'route' | 'method' | 'status'>
  readonly #seconds: Histogram<'route'>
  readonly #counters = new Map<string, Map<number, Incrementable>>()
  readonly #timers = new Map<string, Observable>()

  constructor(registry: Registry) {
    const registers = [registry]
    this.#requests = new Counter({
      name: 'http_requests_total',
      help: 'Requests answered, by route pattern; 499 for clients that left before their answer',
      labelNames: ['route', 'method', 'status'],
      registers,
    })
    this.#seconds = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from a request’s headers to the end of its answer',
      labelNames: ['route'],
      buckets,
      registers,
    })
  }

  /** @param route a pattern from the route table, never an address: label values have to be few */
  count(route: string, method: string, status: number, seconds: number): void {
    const counters = upsert(this.#counters, `${method} ${route}`, () => new Map())
    upsert(counters, status, () => this.#requests.labels(route, method, String(status))).inc()
    upsert(this.#timers, route, () => this.#seconds.labels(route)).observe(seconds)
  }
}

function upsert<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
