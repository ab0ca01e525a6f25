/** What clears each live view that is on the terminal now: while a bar is there, the cursor and line wrap are not. */
const views = new Set<() => void>();

/** Remembers a view until it says that it is gone: returns what says so. */
export function onTerminal(clear: () => void): () => void {
  views.add(clear);
  return () => views.delete(clear);
}

/** Gives the terminal back as it was, for a process that ends here and unwinds nothing. */
export function clearTerminal(): void {
  for (const clear of views) clear();
}
