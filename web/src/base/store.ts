/** A value that screens look at: set in one place, told to whoever shows it. */
import { useEffect, useState } from 'preact/hooks'

export class Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }

  /** @returns what ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Draws the component again when the store changes. */
export function useStore<T>(store: Store<T>): T {
  const { value } = store
  const [, redraw] = useState({})
  useEffect(() => {
    // What changed between the drawing and this.
    if (!Object.is(value, store.value)) redraw({})
    return store.subscribe(() => redraw({}))
  }, [store])
  return value
}
