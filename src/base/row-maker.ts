/** Rows as objects. One maker serves a statement's text in whichever of many files it is asked, so that it is made and optimised once. */

/** Texts whose makers are kept; those that are put together as they are needed come after, and are made again. */
const makersMax = 2_000

type Values = readonly unknown[]
type Maker = { readonly width: number; readonly make: (values: Values) => unknown }

const makers = new Map<string, Maker>()

/**
 * @param sql whose columns they are
 * @param columns asked once for a text, and again when a row is of another width
 * @returns the object of a row's values
 */
export function rowOf(sql: string, values: Values, columns: () => readonly string[]): unknown {
  return makerOf(sql, values.length, columns).make(values)
}

/** As `rowOf`, of many. */
export function rowsOf(
  sql: string,
  rows: readonly Values[],
  columns: () => readonly string[],
): unknown[] {
  const [first] = rows
  if (!first) return []
  const { make } = makerOf(sql, first.length, columns)
  return rows.map((values) => make(values))
}

function makerOf(sql: string, width: number, columns: () => readonly string[]): Maker {
  const kept = makers.get(sql)
  if (kept?.width === width) return kept
  const maker = { width, make: compiled(columns()) }
  if (makers.size < makersMax) makers.set(sql, maker)
  return maker
}

/** A literal with the names in it: an object filled name by name takes several times as long. The names are those of the caller's own SQL. */
function compiled(names: readonly string[]): (values: Values) => unknown {
  const properties = names.map((name, at) => `[${JSON.stringify(name)}]:v[${at}]`)
  return new Function('v', `return {${properties.join(',')}}`) as (values: Values) => unknown
}
