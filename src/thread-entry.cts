/**
 * What piscina loads in each thread, which then loads the module that its first argument names. Piscina would `require`
 * that module itself, and once more by the next job: of a module that is still being loaded, as by its top-level `await`,
 * that ends the process (`v8::Module::IsGraphAsync`).
 */
type Work = (job: unknown) => unknown;

let loading: Promise<Work> | undefined;

export = async (job: unknown): Promise<unknown> => {
  loading ??= load();
  const work = await loading;
  return work(job);
};

/** A module that cannot be loaded ends the thread, whose error keeps its class. */
async function load(): Promise<Work> {
  try {
    return ((await import(process.argv[2] as string)) as { default: Work }).default;
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
    return new Promise(() => {});
  }
}
