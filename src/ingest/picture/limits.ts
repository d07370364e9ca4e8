/** How large the picture of a document may be, and which documents have one. */

/** Pixels, each way. */
export const thumbnailSideMax = 480
export const thumbnailBytesMax = 1024 * 1024

const drawn: ReadonlySet<string> = new Set(['application/pdf', 'application/epub+zip'])

/** Whether documents of this type can have one. */
export function hasThumbnail(mediaType: string): boolean {
  return drawn.has(mediaType)
}
