const CODES = { bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], dim: [2, 22] } as const;

export type Style = keyof typeof CODES;

/** What is known of a stream that text goes to. */
export interface Screen {
  isTTY?: boolean;
}

/**
 * Whether text that goes to a stream may have colours: only a terminal's, unless the environment says otherwise.
 * `NO_COLOR` (https://no-color.org) wins over `FORCE_COLOR`; both count when they are not empty.
 */
export function hasColours({ isTTY = false }: Screen, env: NodeJS.ProcessEnv = process.env): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTTY && TERM !== 'dumb';
}

/** Text in a style where the stream has colours, else as it is. Data in it goes through `printable` before. */
export function painted(text: string, style: Style, screen: Screen): string {
  if (!hasColours(screen)) return text;
  const [on, off] = CODES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

const STATES: Partial<Record<string, Style>> = { ok: 'green', FAIL: 'red', LEAK: 'red', FLAG: 'yellow' };

/** A list of checks whose lines begin with how each went. */
export function paintedStates(text: string, screen: Screen): string {
  return text.replace(/^( *)(ok|FAIL|LEAK|FLAG)(?= )/gm, (_, indent: string, state: string) => {
    return `${indent}${painted(state, STATES[state]!, screen)}`;
  });
}
