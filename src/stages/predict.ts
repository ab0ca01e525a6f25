import { mapOrdered } from '../concurrency.js';
import { PipelineError } from '../errors.js';
import { IMAGE_REASONS } from '../kernels/decode.js';
import type { Stage } from '../stage.js';
import { chunks } from '../streams.js';

/** Records that are asked of at once, and answers that are remembered for records of the same photo. */
const AT_ONCE = 32;
const REMEMBERED = 100_000;

/** A record with what is said of its photo, or what is wrong with that. */
export interface Predicted<Record, Answer> {
  record: Record;
  answer: Answer | PipelineError;
}

/**
 * Records → records with what models say of their photos, in order. Several records of one photo are predicted once, while it is
 * among the last 100,000. One whose photo cannot be read is quarantined, and what goes on in its place, with the error, is
 * counted as added.
 * @param options.ask what is said of photos by their places, in their order.
 */
export function predict<Record extends { file: string }, Answer>(options: {
  ask(places: readonly string[]): Promise<(Answer | PipelineError)[]>;
  keyOf(record: Record): string;
}): Stage<Record, Predicted<Record, Answer>> {
  return {
    name: 'predict',
    async *run(source, { account, signal }) {
      const remembered = new Map<string, Promise<Answer | PipelineError>>();
      const asked = (records: readonly Record[]) => {
        const fresh = [...new Set(records.map(({ file }) => file))].filter((file) => !remembered.has(file));
        if (fresh.length > 0) {
          const all = options.ask(fresh);
          for (const [index, file] of fresh.entries()) {
            const one = all.then((answers) => answers[index]!);
            // Awaited where it is read; until then a failure must not count as unhandled.
            one.catch(() => {});
            remembered.set(file, one);
          }
        }
        const answers = records.map(({ file }) => remembered.get(file)!);
        const old = remembered.size - REMEMBERED;
        for (const file of [...remembered.keys()].slice(0, Math.max(0, old))) remembered.delete(file);
        return Promise.all(answers);
      };
      const answered = mapOrdered(
        chunks(source, AT_ONCE),
        async (records) => ({ records, answers: await asked(records) }),
        { concurrency: 2, signal },
      );
      for await (const { records, answers } of answered) {
        for (const [index, record] of records.entries()) {
          const answer = answers[index]!;
          if (answer instanceof PipelineError) {
            account.quarantined(
              options.keyOf(record),
              IMAGE_REASONS[answer.code] ?? 'image-unreadable',
              answer,
            );
            account.added(1);
          }
          yield { record, answer };
        }
      }
    },
  };
}
