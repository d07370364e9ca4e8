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

/** With fields after those that are there. @param of an object that has at least one field */
export function extended<T extends object, F extends object>(
  { text }: JsonText<T>,
  fields: F,
): JsonText<T & F> {
  return new JsonText(`${text.slice(0, -1)},${JSON.stringify(fields).slice(1)}`)
}
