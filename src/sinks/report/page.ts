import { createHash } from 'node:crypto';
import { type Html, html, raw } from './html.js';
import { SCRIPT } from './script.js';
import { renderContents, renderSections, type Section } from './section.js';
import { STYLE } from './style.js';

/**
 * Nothing is loaded from anywhere, and no script runs but the page's own, named by its hash. Styles in attributes
 * are allowed: ECharts needs them, and they can load nothing.
 */
const POLICY = [
  "default-src 'none'",
  'img-src data:',
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The whole page around its sections. */
export function renderPage(options: {
  title: string;
  /** What the page is, above its title. */
  kind?: string;
  synthetic: boolean;
  sections: readonly Section[];
}): Html {
  const { title, kind = 'Run report', synthetic, sections } = options;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="abo-pipeline">
<title>${title} · report</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#summary">Skip to the summary</a>
<header>
<p class="kind">${kind}</p>
<h1><bdi>${title}</bdi></h1>
${
  synthetic &&
  html`<p class="banner" role="note"><strong>Synthetic data.</strong> The photos are drawn: results on them say nothing about a real catalogue.</p>`
}
</header>
<div class="columns">
<nav aria-label="Contents">${renderContents(sections)}</nav>
<main>
${renderSections(sections)}</main>
</div>
<footer>Made by abo-pipeline. This file is complete in itself and loads nothing.</footer>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`;
}
