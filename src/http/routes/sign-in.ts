/** Signing in and out by cookie, for the web app. None needs a login; each says itself who may. */
import type { Request, Response } from 'express'
import { z } from 'zod'
import type { SignIn, SignInStep } from '../../auth/sign-in.ts'
import { Problem } from '../../base/problem.ts'
import { exchangeOf } from '../exchange.ts'
import { answered, type Route, route } from '../route.ts'
import { json, noContent } from '../wire.ts'

export interface SignInRoutesOptions {
  /** Where the settings have a provider or links. */
  readonly signIn?: SignIn | undefined
}

const pathCharsMax = 1_000
/**
 * A path of ours, as browsers spell one. They read `\` as `/`, and drop tabs and line ends before they look: neither gets
 * through, so that nothing that begins with two slashes, and would be another host, does.
 */
const localPath = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/

const methodsSchema = z.object({
  provider: z.string().nullable().describe('the host of the identity provider'),
  links: z.boolean().describe('whether the operator makes sign-in links'),
})
const toSchema = z.object({
  to: z
    .string()
    .max(pathCharsMax)
    .regex(localPath, 'is not a path of this server')
    .default('/')
    .describe('where to go on, a path of this server'),
})
const linkSchema = z.strictObject({
  code: z.string().min(1).max(200).describe('what stands after the # of the link'),
})
const redirect = (description: string) => ({ status: 303, description }) as const

export function signInRoutes({ signIn }: SignInRoutesOptions): Route[] {
  const opened = (): SignIn => {
    if (!signIn) throw new Problem('not_found', 'This server has no sign-in of its own.')
    return signIn
  }
  return [
    route({
      method: 'get',
      path: '/auth/methods',
      scope: 'public',
      summary: 'The ways to sign in beside a token',
      reply: json(methodsSchema, 'What the sign-in screen offers.'),
      handle: () => ({ provider: signIn?.providerName ?? null, links: signIn?.hasLinks ?? false }),
    }),
    route({
      method: 'get',
      path: '/auth/sign-in',
      scope: 'public',
      summary: 'Sign in with the identity provider',
      query: toSchema,
      reply: redirect('To the provider; with a cookie that knows the way back.'),
      problems: ['not_found', 'overloaded'],
      handle: ({ query, request, response }) =>
        stepping(request, response, () => opened().begin(query.to)),
    }),
    route({
      method: 'get',
      path: '/auth/callback',
      scope: 'public',
      audit: 'sign_in',
      summary: 'Where the identity provider sends people back to',
      reply: redirect('Signed in, and on to where they wanted.'),
      problems: ['invalid_request', 'not_found', 'forbidden', 'too_many_requests', 'overloaded'],
      handle: ({ request, response }) =>
        stepping(request, response, () => opened().finish(request)),
    }),
    route({
      method: 'post',
      path: '/auth/link',
      scope: 'public',
      audit: 'sign_in',
      summary: 'Sign in with a link that the operator made; it counts once',
      body: linkSchema,
      reply: noContent,
      problems: ['not_found', 'forbidden', 'too_many_requests'],
      handle: async ({ body, request, response }) => {
        take(response, await opened().redeem(body.code, request))
        return undefined
      },
    }),
    route({
      method: 'post',
      path: '/auth/sign-out',
      scope: 'public',
      audit: 'sign_out',
      summary: 'End the session of this browser',
      reply: noContent,
      problems: ['not_found', 'forbidden'],
      handle: async ({ request, response }) => {
        take(response, await opened().end(request))
        return undefined
      },
    }),
  ]
}

/** A person's browser is taken to the sign-in screen, which has words for what went wrong; a program gets the problem. */
async function stepping(request: Request, response: Response, next: () => Promise<SignInStep>) {
  let step: SignInStep
  try {
    step = await next()
  } catch (error) {
    if (!(error instanceof Problem) || request.accepts(['json', 'html']) !== 'html') throw error
    step = { cookies: [], location: `/sign-in?failed=${error.code}` }
  }
  take(response, step)
  response.setHeader('Location', step.location)
  response.statusCode = 303
  response.end()
  return answered
}

/** The cookies for the browser, and for the records who it was. */
function take(response: Response, { cookies, principal }: SignInStep): void {
  if (cookies.length > 0) response.setHeader('Set-Cookie', [...cookies])
  exchangeOf(response).principal = principal
}
