/** Small charts: bars, and lines. What they say stands in words beside them. */

const width = 300
const height = 56
const aloneWidth = 6

export function Bars({
  label,
  values,
  failed,
}: {
  label: string
  values: readonly number[]
  /** Of each value, the part that went wrong. */
  failed: readonly number[]
}) {
  const top = Math.max(1, ...values)
  const step = width / Math.max(1, values.length)
  const bar = (value: number, at: number, name: string) => {
    const tall = (height * value) / top
    return (
      <rect
        key={`${name} ${at}`}
        class={name}
        x={at * step + 0.5}
        y={height - tall}
        width={Math.max(0.5, step - 1)}
        height={tall}
      />
    )
  }
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img">
      <title>{label}</title>
      {values.map((value, at) => bar(value, at, 'bar'))}
      {failed.map((value, at) => (value > 0 ? bar(value, at, 'bar-failed') : null))}
    </svg>
  )
}

export function Lines({
  label,
  lines,
}: {
  label: string
  /** The strongest first; null is a gap. */
  lines: readonly (readonly (number | null)[])[]
}) {
  const top = Math.max(1, ...lines.flat().map((value) => value ?? 0))
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img">
      <title>{label}</title>
      {lines.map((values, at) => (
        <path key={at} class={`line line-${at}`} d={pathOf(values, top)} />
      ))}
    </svg>
  )
}

function pathOf(values: readonly (number | null)[], top: number): string {
  const step = width / Math.max(1, values.length - 1)
  let isDrawing = false
  return values
    .map((value, at) => {
      if (value === null) {
        isDrawing = false
        return ''
      }
      const place = `${(at * step).toFixed(1)} ${(height - 2 - ((height - 4) * value) / top).toFixed(1)}`
      const command = isDrawing ? 'L' : 'M'
      // A value alone between two gaps would be no line at all.
      const isAlone = !isDrawing && (values[at + 1] ?? null) === null
      isDrawing = true
      return `${command}${place}${isAlone ? `h-${aloneWidth}` : ''}`
    })
    .join('')
}
