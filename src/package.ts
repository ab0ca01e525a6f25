import { readFileSync } from 'node:fs';

const { version, dependencies } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string; dependencies: Record<string, string> };

/** This package's version. */
export const VERSION = version;

/** The versions of what it is built on, by name: they are pinned. */
export const DEPENDENCIES: Readonly<Record<string, string>> = dependencies;
