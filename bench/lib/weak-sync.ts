/**
 * Loaded before a server (`node --import`), it makes that server weaker: no commit of its databases waits for the disk.
 * For the power-cut torture alone, to show that it finds what is lost then. The product has no switch for it.
 */
import { registerHooks } from 'node:module'

const place = '/src/base/sqlite.ts'
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is looked for in a source file
const line = 'raw.pragma(`synchronous = ${options.synchronous}`)'

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(place)) return loaded
    const source = String(loaded.source)
    if (source.split(line).length !== 2) throw new Error(`${place} has no line ${line}`)
    return { ...loaded, source: source.replace(line, 'raw.pragma(`synchronous = NORMAL`)') }
  },
})
