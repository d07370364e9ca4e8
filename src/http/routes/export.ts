/** Taking it all away: the tenant's directory at one point, with a manifest, as one tar. */
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { Problem } from '../../base/problem.ts'
import type { Snapshots } from '../../control/snapshots.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import { manifestName } from '../../tenancy/manifest.ts'
import type { HttpLimits } from '../limits.ts'
import { answered, type Route, route } from '../route.ts'
import { tarBytes, tarEnd, tarHeader, tarPadding } from '../tar.ts'

export interface ExportOptions {
  readonly snapshots: Snapshots
}

interface File {
  readonly path: string
  readonly bytes: number
}

export function exportRoutes({ snapshots }: ExportOptions, limits: HttpLimits): Route[] {
  /** Whose export is under way: each is a whole copy on the disk until it is sent. */
  const sending = new Set<string>()
  return [
    route({
      method: 'get',
      path: '/v1/export',
      scope: 'read',
      audit: 'library.export',
      // More than a reader of a shared library, or a key, is shown: everything, everybody's conversations included.
      owner: true,
      summary:
        'The whole library as it is now: databases, originals, and a manifest with their hashes',
      reply: { status: 200, description: 'A tar.', mediaType: 'application/x-tar' },
      problems: ['conflict', 'tenant_damaged', 'disk_full'],
      handle: async ({ tenant, response, signal }) => {
        // Says what is wrong with the library, as any request does, before a copy of it is made.
        await tenant.call('account.show', {}, { signal })
        if (sending.has(tenant.id))
          throw new Problem('too_many_requests', 'An export of yours is under way already.', {
            retryAfterS: 30,
          })
        sending.add(tenant.id)
        try {
          await send(tenant, response, signal)
        } finally {
          sending.delete(tenant.id)
        }
        return answered
      },
    }),
  ]

  async function send(
    tenant: TenantHandle,
    response: Response,
    signal: AbortSignal,
  ): Promise<void> {
    const { directory, manifest } = await snapshots.lend(tenant.id)
    try {
      const made = Date.parse(manifest.made_at)
      const own = { path: manifestName, bytes: statSync(join(directory, manifestName)).size }
      const files: File[] = [own, ...manifest.files]
      response.setHeader('Content-Type', 'application/x-tar')
      response.setHeader('Content-Disposition', 'attachment; filename="carrel-export.tar"')
      response.setHeader('Content-Length', tarBytes(files.map(({ bytes }) => bytes)))
      response.setTimeout(limits.idleMs)
      await pipeline(Readable.from(tarOf(directory, files, made)), response, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await snapshots.discard(directory)
    }
  }
}

async function* tarOf(
  directory: string,
  files: readonly File[],
  mtimeMs: number,
): AsyncGenerator<Buffer> {
  for (const { path, bytes } of files) {
    yield tarHeader({ path, bytes, mtimeMs })
    yield* createReadStream(join(directory, path))
    yield tarPadding(bytes)
  }
  yield tarEnd
}
