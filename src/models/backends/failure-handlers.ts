const EVENTS = ['uncaughtException', 'unhandledRejection'];

type Handler = (...values: unknown[]) => void;

/**
 * Does some work and puts the process's handlers of failures back as they were before. The WebAssembly backend's
 * module adds its own, which rethrow, and when it is disposed of it removes everybody's.
 */
export async function keepingFailureHandlers<T>(work: () => T | Promise<T>): Promise<T> {
  const before = EVENTS.map((event) => process.rawListeners(event));
  try {
    return await work();
  } finally {
    for (const [index, event] of EVENTS.entries()) {
      process.removeAllListeners(event);
      for (const handler of before[index]!) process.on(event, handler as Handler);
    }
  }
}
