import { PipelineError } from '../errors.js';

/** Reads a size such as `512MB`, `1.5GB` or a number of bytes; at least 1 MiB. @throws {PipelineError} `USAGE` */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text.trim());
  if (match === null) {
    throw new PipelineError('USAGE', `Expected a size such as 512MB but received "${text}"`);
  }
  const scale = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[match[2]!.toLowerCase()]!;
  const bytes = Math.round(Number(match[1]) * scale);
  if (bytes >= 2 ** 20) return bytes;
  throw new PipelineError('USAGE', `Expected at least 1MB but received "${text}"`);
}

/** Reads a whole number in a range. @throws {PipelineError} `USAGE` */
export function parseInteger(name: string, minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= minimum) return value;
    throw new PipelineError(
      'USAGE',
      `Expected a whole number of at least ${minimum} for ${name} but received "${text}"`,
    );
  };
}

/** Reads a list of whole numbers in a range, such as `224,256`. @throws {PipelineError} `USAGE` */
export function parseIntegers(name: string, minimum: number, maximum: number): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    const within = (value: number) => Number.isInteger(value) && value >= minimum && value <= maximum;
    if (values.every(within)) return values;
    throw new PipelineError(
      'USAGE',
      `Expected whole numbers of ${minimum} to ${maximum} for ${name} but received "${text}"`,
      { hint: 'Separate them by commas: 224,256.' },
    );
  };
}

/** Reads a share. @throws {PipelineError} `USAGE` */
export function parseShare(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= 1) return value;
    throw new PipelineError('USAGE', `Expected a share in 0..1 for ${name} but received "${text}"`);
  };
}

/** What a timer can wait for: 2³¹ − 1 milliseconds. */
const MOST_SECONDS = 2_147_483;

/** Reads a duration. @throws {PipelineError} `USAGE` */
export function parseSeconds(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= MOST_SECONDS) return value;
    const wanted = value > MOST_SECONDS ? `at most ${MOST_SECONDS} seconds` : 'seconds above 0';
    throw new PipelineError('USAGE', `Expected ${wanted} for ${name} but received "${text}"`);
  };
}

/** Adds the names of a list such as `product_type,color` to those of earlier options. @throws {PipelineError} `USAGE` */
export function collectNames(text: string, earlier: string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return [...new Set([...earlier, ...names])];
  throw new PipelineError('USAGE', `Expected names with commas between them but received "${text}"`);
}

/** Gathers the values of an option that may be given several times. */
export const collect = (value: string, earlier: string[]): string[] => [...earlier, value];
