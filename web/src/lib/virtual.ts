/** Which rows of a long list are drawn: those on the screen and some around, whatever the list's length. */

export interface Rows {
  readonly first: number
  /** Not included. */
  readonly end: number
}

/** @param overscan rows drawn beyond each edge, so that scrolling shows no gap */
export function visibleRows(
  count: number,
  rowPx: number,
  scrolledPx: number,
  heightPx: number,
  overscan = 8,
): Rows {
  const first = Math.floor(scrolledPx / rowPx) - overscan
  const end = Math.ceil((scrolledPx + heightPx) / rowPx) + overscan
  return {
    first: Math.min(Math.max(0, first), count),
    end: Math.min(Math.max(0, end), count),
  }
}
