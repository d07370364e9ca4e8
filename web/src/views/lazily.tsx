/** A part of the app that comes when it is first shown: most people never see it, or not at once. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { strings } from '../strings.ts'

/** @param load imports the part; the browser keeps it */
export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined
  return function Lazily(props: P) {
    const [View, setView] = useState<{ of: ComponentType<P> } | undefined>(loaded && { of: loaded })
    const [isFailed, setFailed] = useState(false)
    useEffect(() => {
      if (View) return
      load().then(
        (view) => {
          loaded = view
          setView({ of: view })
        },
        () => setFailed(true),
      )
    }, [View])
    if (isFailed)
      return (
        <p class="problem" role="alert">
          {strings.reader.chunkFailed}
        </p>
      )
    return View ? <View.of {...props} /> : <p class="quiet">{strings.reader.loading}</p>
  }
}
