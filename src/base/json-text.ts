/** JSON made where its value was, so that only text crosses to whoever sends it. */

/** `T` is what the text says. */
export class JsonText<T> {
  readonly text: string
  /** Never there: it carries the type. */
  declare readonly says: T

  constructor(text: string) {
    this.text = text
  }
}
