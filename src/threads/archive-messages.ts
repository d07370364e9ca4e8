/** What a reader process says while it takes an archive apart. */
import { z } from 'zod'
import { blockBytesMax } from './extractor-frames.ts'
import { failureMessage, readMessage } from './extractor-messages.ts'

const nameLengthMax = 4_096
const reasonLengthMax = 500

const name = z
  .string()
  .max(nameLengthMax)
  .refine((value) => value.isWellFormed() && !value.includes('\0'))
const reason = z.string().max(reasonLengthMax)

/** After `bytes` comes one frame with that many raw bytes. */
export const archiveMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  readMessage,
  z.strictObject({ type: z.literal('begin'), name }),
  z.strictObject({ type: z.literal('bytes'), length: z.int().min(1).max(blockBytesMax) }),
  z.strictObject({ type: z.literal('end') }),
  z.strictObject({ type: z.literal('drop'), name, reason }),
  z.strictObject({ type: z.literal('skip'), name, reason }),
  z.strictObject({ type: z.literal('expanded') }),
  failureMessage,
])
export type ArchiveMessage = z.output<typeof archiveMessage>
