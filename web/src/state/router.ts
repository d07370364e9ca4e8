/** Where the person is: the address, as a route, kept in step with the browser's history. */

import { Store } from '../base/store.ts'
import { formatRoute, parseRoute, type Route } from '../lib/route.ts'

const read = (): Route => parseRoute(location.pathname, location.search)

export const currentRoute = new Store<Route>(read())

addEventListener('popstate', () => currentRoute.set(read()))

/** @param options `replace` where going back should not come here again, such as after each letter typed */
export function goTo(route: Route, { replace = false } = {}): void {
  const to = formatRoute(route)
  const isScreenNew = route.screen !== currentRoute.value.screen
  if (replace) history.replaceState(null, '', to)
  else if (to !== location.pathname + location.search) history.pushState(null, '', to)
  currentRoute.set(route)
  if (isScreenNew) scrollTo(0, 0)
}
