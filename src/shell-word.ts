/** A word as a shell reads it, on one line: quoted where it has to be. */
export function shellWord(word: string): string {
  if (/^[\w./=:@%+,-]+$/.test(word)) return word;
  // What is written as a control character could end a line, or move a terminal's cursor.
  if (!CONTROL.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    .replace(CONTROLS, (one) => `\\u${one.codePointAt(0)!.toString(16).padStart(4, '0')}`);
  return `$'${escaped}'`;
}

/** A command with its options and their values. */
export function shellCommand(name: string, options: readonly (readonly string[])[]): string {
  return [name, ...options.map((words) => words.map(shellWord).join(' '))].join(' ');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const CONTROLS = new RegExp(CONTROL, 'g');
