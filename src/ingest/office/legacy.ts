/** Recognises the container of old and of encrypted Office files, which is no ZIP ([MS-CFB], [MS-OFFCRYPTO]). */
import { ExtractError } from '../contract.ts'
import type { ByteSource } from '../extraction.ts'

const signature = Buffer.from('d0cf11e0a1b11ae1', 'hex')
/** The directory names its streams in UTF-16; it stands within the first sectors of what Office encrypts. */
const encryptedStream = Buffer.from('EncryptedPackage', 'utf16le')
const searchedBytes = 64 * 1024

/** @throws ExtractError `password_required` for an encrypted document, `unsupported` for one of Word 97 to 2003 */
export function refuseLegacyOffice(source: ByteSource): void {
  const head = Buffer.from(source.read(0, searchedBytes))
  if (!head.subarray(0, signature.length).equals(signature)) return
  const tail = Buffer.from(source.read(Math.max(0, source.size - searchedBytes), searchedBytes))
  if (head.includes(encryptedStream) || tail.includes(encryptedStream))
    throw new ExtractError(
      'password_required',
      'The document is encrypted with a password. Save it without one, and upload that copy.',
    )
  throw new ExtractError(
    'unsupported',
    'The file is a document of Word 97 to 2003 (.doc). Open it in a word processor, save it as .docx, and upload that copy.',
  )
}
