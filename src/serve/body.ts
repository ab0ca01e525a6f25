import { PipelineError } from '../errors.js';

/**
 * Reads a request's body into memory.
 * @param options.maxBytes where more are announced nothing is read.
 * @param options.onBytes told of bytes before they are held: of all at once where their number is announced.
 * @throws {PipelineError} `REQUEST_TOO_LARGE`, `ABORTED` where the client went away; what `onBytes` throws.
 */
export async function readBody(
  request: Request,
  { maxBytes, onBytes }: { maxBytes: number; onBytes: (more: number) => void },
): Promise<Buffer> {
  const header = request.headers.get('content-length');
  const announced = header === null ? undefined : Number(header);
  if (announced !== undefined) {
    if (announced > maxBytes) throw tooLarge(maxBytes);
    onBytes(announced);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (announced === undefined) onBytes(chunk.length);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError('ABORTED', 'Expected the whole body but the client went away', { cause: error });
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): PipelineError {
  return new PipelineError('REQUEST_TOO_LARGE', `Expected at most ${maxBytes} bytes but received more`, {
    hint: 'Send fewer or smaller photos; `pipeline serve --max-body` raises the limit.',
  });
}
