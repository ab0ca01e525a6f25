import { PipelineError } from './errors.js';

/*
 * TensorFlow's file format: records of `tf.train.Example`, each a map of named features.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord
 */

/** Bytes, or a whole number in 0 to 2^32 - 1. */
export type Feature = Uint8Array | number;

/** Bytes before a record: its length and the checksum of that. */
export const RECORD_HEAD = 12;
/** Bytes after a record: its checksum. */
export const RECORD_TAIL = 4;

/** A record that holds an Example. */
export function encodeRecord(features: Record<string, Feature>): Buffer {
  return framed(example(features));
}

/**
 * One record: length (uint64), masked CRC-32C of it, the bytes, masked CRC-32C of them; all little-endian.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
export function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(RECORD_HEAD);
  head.writeBigUInt64LE(BigInt(bytes.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(RECORD_TAIL);
  tail.writeUInt32LE(masked(bytes));
  return Buffer.concat([head, bytes, tail]);
}

/** The length of the record that follows a head. @throws {PipelineError} `INPUT_INVALID` for another checksum. */
export function recordLength(head: Buffer): number {
  if (head.readUInt32LE(8) !== masked(head.subarray(0, 8)))
    throw invalid('a record’s length with its checksum');
  return Number(head.readBigUInt64LE());
}

/**
 * The features of a record.
 * @param record its bytes and its tail.
 * @throws {PipelineError} `INPUT_INVALID` for another checksum, and for what is no Example of bytes and whole numbers.
 */
export function decodeRecord(record: Buffer): Map<string, Feature> {
  const bytes = record.subarray(0, record.length - RECORD_TAIL);
  if (record.readUInt32LE(bytes.length) !== masked(bytes)) throw invalid('a record with its checksum');
  const features = new Map<string, Feature>();
  for (const [, all] of fields(bytes)) {
    for (const [, entry] of fields(asBytes(all))) {
      const { 1: name, 2: feature } = Object.fromEntries(fields(asBytes(entry)));
      const [list] = fields(asBytes(feature));
      const value = list && firstValue(list);
      if (name === undefined || value === undefined) throw invalid('features of bytes and whole numbers');
      features.set(asBytes(name).toString(), value);
    }
  }
  return features;
}

/** The first of a list: of bytes (1), or of whole numbers (3), which are packed or not. */
function firstValue([number, list]: readonly [number, Feature]): Feature | undefined {
  const [first] = fields(asBytes(list));
  if (number === 1 && first !== undefined) return asBytes(first[1]);
  if (number !== 3 || first === undefined) return undefined;
  return typeof first[1] === 'number' ? first[1] : varintAt(asBytes(first[1]), 0).value;
}

function asBytes(value: Feature | undefined): Buffer {
  if (!(value instanceof Uint8Array)) throw invalid('a field with a length');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** Protocol buffers' fields of wire types 0 (a number) and 2 (with a length). */
function* fields(bytes: Buffer): Generator<readonly [number, Feature]> {
  for (let at = 0; at < bytes.length; ) {
    const tag = varintAt(bytes, at);
    const { value, end } = varintAt(bytes, tag.end);
    const type = tag.value & 7;
    at = type === 2 ? end + value : end;
    if ((type !== 0 && type !== 2) || at > bytes.length) throw invalid('a whole field');
    yield [tag.value >>> 3, type === 2 ? bytes.subarray(end, at) : value];
  }
}

function varintAt(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start; at < bytes.length && at < start + 5; at++) {
    value += (bytes[at]! & 0x7f) * 2 ** (7 * (at - start));
    if (bytes[at]! < 0x80) return { value, end: at + 1 };
  }
  throw invalid('a whole number under 2^35');
}

function invalid(expected: string): PipelineError {
  return new PipelineError('INPUT_INVALID', `Expected ${expected}`);
}

/** CRC-32C by bytes: the Castagnoli polynomial, reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function masked(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) crc = TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * `tf.train.Example` in protocol buffers' wire format: Example { features = 1 }, Features { map feature = 1 }, Feature {
 * bytes_list = 1 | int64_list = 3 }, each list { value = 1 }.
 */
function example(features: Record<string, Feature>): Buffer {
  const entries = Object.entries(features).map(([name, value]) => {
    const feature = typeof value === 'number' ? field(3, field(1, varint(value))) : field(1, field(1, value));
    return field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, feature)]));
  });
  return field(1, Buffer.concat(entries));
}

/** A field with a length: wire type 2. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** @param value at least 0 and under 2^32 */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
