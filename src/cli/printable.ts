/**
 * A text as a terminal may show it: what is data in it, such as an id, must not move the cursor or change colours, so
 * control characters but line feed and tab are written as `\x1b`.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, (one) => `\\x${one.codePointAt(0)!.toString(16).padStart(2, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
