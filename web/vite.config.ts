/** How the web app is built: one entry, hashed files, and pdf.js's own data beside them under the name of its version. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const pdfjs = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))
const { version } = JSON.parse(readFileSync(join(pdfjs, 'package.json'), 'utf8')) as {
  version: string
}

/** Character maps, fonts and decoders, which pdf.js asks for by name when a document needs one. */
function pdfjsData(): Plugin {
  return {
    name: 'pdfjs-data',
    generateBundle() {
      for (const folder of ['cmaps', 'standard_fonts', 'wasm'])
        for (const name of readdirSync(join(pdfjs, folder)))
          this.emitFile({
            type: 'asset',
            fileName: `pdfjs/${version}/${folder}/${name}`,
            source: readFileSync(join(pdfjs, folder, name)),
          })
    },
  }
}

const config = defineConfig({
  root: import.meta.dirname,
  plugins: [pdfjsData()],
  define: { __PDFJS_DATA__: JSON.stringify(`/pdfjs/${version}/`) },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4_000,
    reportCompressedSize: false,
  },
})

export { config as default }
