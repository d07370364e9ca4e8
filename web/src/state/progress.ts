/** How reading goes on: by the server's events where it has them, by asking where it has not. */

import { EventParser } from '../../../clients/ts/src/sse.ts'
import { getDocument } from '../api/documents.ts'
import { ApiError, request, respond } from '../api/http.ts'
import type { DocumentRow } from '../api/types.ts'
import { changeRow, dropDocument, isSettled, library, loadLibrary, putDocument } from './library.ts'
import { loadAccount } from './session.ts'

const askEveryMs = 700
const askAtOnceMax = 6
const reconnectMs = 3_000

/** Runs as long as the page does. */
export async function followProgress(): Promise<void> {
  if (await hasEvents()) await followEvents()
  else askAgain()
}

async function hasEvents(): Promise<boolean> {
  try {
    const { paths } = await request<{ paths: Record<string, unknown> }>('/openapi.json')
    return '/v1/events' in paths
  } catch {
    return false
  }
}

async function followEvents(): Promise<never> {
  for (;;) {
    try {
      const { body } = await respond('/v1/events')
      // What happened while nobody listened.
      void loadLibrary()
      if (body) await read(body)
    } catch {
      // Said by the banner; the loop tries again.
    }
    await new Promise((resolve) => setTimeout(resolve, reconnectMs))
  }
}

/** By its reader: not every browser can iterate a stream. */
async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
  const parser = new EventParser()
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    for (const event of parser.push(value)) take(event.type, event.data)
  }
}

interface DocumentEvent {
  readonly id: string
  readonly status: DocumentRow['status'] | 'deleted'
  readonly progress: DocumentRow['progress']
}

function take(type: string, data: string): void {
  if (type === 'reset') void loadLibrary()
  if (type !== 'document') return
  const { id, status, progress } = JSON.parse(data) as DocumentEvent
  if (status === 'deleted') {
    dropDocument(id)
    return
  }
  const change = { status, progress }
  if (change.status === 'ready' || change.status === 'failed') void refresh(id)
  else if (library.value.documents.some((document) => document.id === id)) changeRow(id, change)
  else void refresh(id)
}

function askAgain(): void {
  setTimeout(async () => {
    const open = library.value.documents.filter((document) => !isSettled(document))
    // The oldest first: that is the order they are read in.
    await Promise.all(open.slice(-askAtOnceMax).map(({ id }) => refresh(id)))
    askAgain()
  }, askEveryMs)
}

async function refresh(id: string): Promise<void> {
  try {
    const document = await getDocument(id)
    putDocument(document)
    if (isSettled(document)) await loadAccount()
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_found') dropDocument(id)
  }
}
