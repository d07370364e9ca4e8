/** A link within the app: an ordinary one to the browser, so that it opens in a new tab too. */
import type { ComponentChildren } from 'preact'
import { formatRoute, type Route } from '../lib/route.ts'
import { goTo } from '../state/router.ts'

interface LinkProps {
  to: Route
  children: ComponentChildren
  class?: string
  current?: boolean
  label?: string
  title?: string
  isHit?: boolean
}

export function Link(props: LinkProps) {
  const { to, children, class: className, current = false, label, title, isHit } = props
  return (
    <a
      href={formatRoute(to)}
      class={className}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      title={title}
      data-hit={isHit ? '' : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        goTo(to)
      }}
    >
      {children}
    </a>
  )
}
