import type { ExportedSample } from '../exported.js';
import type { ExportSink } from './export-sink.js';
import { writeShards } from './shards.js';

/**
 * Writes TFRecord shards of `tf.train.Example`: `image` (a PNG or JPEG file), `label` (int64, the class), `class` (the
 * label's text), `split`, `sha256` (hex), `component`.
 */
export const writeTfRecord: ExportSink = (folder, samples, { shardSize }) =>
  writeShards(folder, samples, {
    shardSize,
    extension: 'tfrecord',
    encode: ({ line, image }: ExportedSample) =>
      framed(
        example({
          image,
          label: line.class,
          class: Buffer.from(line.label),
          split: Buffer.from(line.split),
          sha256: Buffer.from(line.sha256),
          component: Buffer.from(line.component),
        }),
      ),
  });

/**
 * One record: length (uint64), masked CRC-32C of it, the bytes, masked CRC-32C of them; all little-endian.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
function framed(bytes: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(bytes.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(masked(bytes));
  return Buffer.concat([head, bytes, tail]);
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
function example(features: Record<string, Uint8Array | number>): Buffer {
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
