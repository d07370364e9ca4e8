/** Saves an original: fetched with the person's token, which a link could not carry. */
import { respond } from '../api/http.ts'

/** @throws ApiError */
export async function saveOriginal(address: string, filename: string): Promise<void> {
  const response = await respond(address)
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = filename
  link.click()
  URL.revokeObjectURL(url)
}
