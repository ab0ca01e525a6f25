/** The same function, each answer worked out once: catalogues say the same few values again and again. */
export function remember<Result>(answer: (text: string) => Result): (text: string) => Result {
  const answers = new Map<string, Result>();
  return (text) => {
    let found = answers.get(text);
    if (found === undefined) {
      found = answer(text);
      answers.set(text, found);
    }
    return found;
  };
}
