import { type Html, html } from './html.js';

/** A part of the page with a heading and a place in its table of contents. */
export interface Section {
  /** Unique in the page; made here, never from the data. */
  id: string;
  title: string;
  body?: Html;
  parts?: readonly Section[];
}

/** The sections' markup, with headings from `level` on. */
export function renderSections(sections: readonly Section[], level: 2 | 3 = 2): Html {
  return html`${sections.map(({ id, title, body, parts = [] }) => {
    const heading =
      level === 2 ? html`<h2 id="${id}-title">${title}</h2>` : html`<h3 id="${id}-title">${title}</h3>`;
    return html`<section id="${id}" aria-labelledby="${id}-title">
${heading}
${body}
${parts.length > 0 && renderSections(parts, 3)}</section>
`;
  })}`;
}

/** The table of contents of the sections. */
export function renderContents(sections: readonly Section[]): Html {
  return html`<ul>${sections.map(
    ({ id, title, parts = [] }) =>
      html`<li><a href="#${id}">${title}</a>${parts.length > 0 && renderContents(parts)}</li>`,
  )}</ul>`;
}
