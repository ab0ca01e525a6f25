const MARKUP = Symbol('markup');

/** Markup that is safe to put into a page. Only `html` and `raw` make it: no parsed JSON can pass for it. */
export interface Html {
  readonly [MARKUP]: string;
}

/** What may stand in a template: text is escaped, lists are joined, what is absent leaves nothing. */
export type Content = Html | string | number | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Escapes text for element content and for quoted attribute values. Control characters and halves of
 * characters, which HTML does not allow, become U+FFFD.
 */
export function escapeHtml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced.
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
  );
}

/** Marks text as safe. Only for markup made here (style sheets, scripts, charts): never for anything from the data. */
export function raw(markup: string): Html {
  return { [MARKUP]: markup };
}

/** The text of some markup. */
export function markupOf(html: Html): string {
  return html[MARKUP];
}

/** A template that escapes every value in it, unless the value was made by `html` itself. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return raw(strings.reduce((markup, text, index) => markup + render(values[index - 1]) + text));
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escapeHtml(content);
  return isList(content) ? content.map(render).join('') : content[MARKUP];
}

function isList(content: Html | readonly Content[]): content is readonly Content[] {
  return Array.isArray(content);
}

/** A name from the data, kept from turning the direction of the text around it. */
export function name(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}
