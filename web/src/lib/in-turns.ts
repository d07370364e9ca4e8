/** The same done to many, a few at once; what fails does not stop the others. */

export interface Turned {
  readonly done: number
  readonly failed: readonly unknown[]
}

/** @param onDone told after each how many are through */
export async function inTurns<T>(
  all: readonly T[],
  action: (one: T) => Promise<unknown>,
  onDone: (count: number) => void,
  atOnce = 4,
): Promise<Turned> {
  const open = [...all]
  const failed: unknown[] = []
  let count = 0
  const next = async (): Promise<void> => {
    for (let one = open.shift(); one !== undefined; one = open.shift()) {
      try {
        await action(one)
      } catch (error) {
        failed.push(error)
      }
      onDone(++count)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, next))
  return { done: all.length - failed.length, failed }
}
