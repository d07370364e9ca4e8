/** One operation: what it does in a line, and opened everything about it. */
import { useState } from 'preact/hooks'
import type { Field, Operation } from '../lib/api-reference.ts'
import { strings } from '../strings.ts'

const words = strings.docs

export function ApiOperation({ operation, isOpen }: { operation: Operation; isOpen: boolean }) {
  const { id, method, path, summary } = operation
  // What nobody opened is not drawn: there are a hundred of them.
  const [wasOpened, setOpened] = useState(isOpen)
  return (
    <details
      id={id}
      class="operation"
      open={isOpen}
      onToggle={(event) => event.currentTarget.open && setOpened(true)}
    >
      <summary>
        <span class={`method method-${method.toLowerCase()}`}>{method}</span>{' '}
        <code class="path">{path}</code> <span class="quiet">{summary}</span>
      </summary>
      {wasOpened && <Opened operation={operation} />}
    </details>
  )
}

function Opened({ operation }: { operation: Operation }) {
  const { id, needs, parameters, body, answers, curl } = operation
  return (
    <div class="operation-text">
      <p class="quiet">
        {needs} <a href={`#${id}`}>#</a>
      </p>
      {parameters.length > 0 && <Fields title={words.parameters} fields={parameters} />}
      {body && <Fields title={words.body(body.mediaType)} fields={body.fields} />}
      <h3>{words.answers}</h3>
      <dl class="answers">
        {answers.map(({ status, description, fields }) => (
          <div key={status}>
            <dt>
              <code>{status}</code>
            </dt>
            <dd>
              {description}
              {fields.length > 0 && <Fields title="" fields={fields} />}
            </dd>
          </div>
        ))}
      </dl>
      <Example curl={curl} />
    </div>
  )
}

function Fields({ title, fields }: { title: string; fields: readonly Field[] }) {
  return (
    <>
      {title !== '' && <h3>{title}</h3>}
      <ul class="fields-list">
        {fields.map(({ name, type, isRequired, description, depth }, at) => (
          <li key={at} style={{ paddingInlineStart: `${depth * 1.25}rem` }}>
            <code>{name}</code> <span class="type">{type}</span>
            {isRequired && <span class="quiet"> {words.required}</span>}
            {description !== '' && <span class="quiet"> – {description}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}

function Example({ curl }: { curl: string }) {
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(curl).catch(() => undefined)
    setCopied(true)
  }
  return (
    <>
      <div class="heading">
        <h3>{words.example}</h3>
        <button type="button" class="plain" onClick={() => void copy()}>
          {isCopied ? words.copied : words.copy}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key */}
      <pre tabIndex={0}>{curl}</pre>
    </>
  )
}
