import type { ExportedSample } from '../exported.js';
import { encodeRecord } from '../tfrecord.js';
import type { ExportSink } from './export-sink.js';
import { writeShards } from './shards.js';

/**
 * Writes TFRecord shards of `tf.train.Example`: `image` (a PNG or JPEG file), `label` (int64, the class), `class` (the
 * label's text), `split`, `sha256` (hex), `component`, and `json`, the sample's line, which import reads.
 */
export const writeTfRecord: ExportSink = (folder, samples, { shardSize }) =>
  writeShards(folder, samples, {
    shardSize,
    extension: 'tfrecord',
    encode: ({ line, image }: ExportedSample) =>
      encodeRecord({
        image,
        label: line.class,
        class: Buffer.from(line.label),
        split: Buffer.from(line.split),
        sha256: Buffer.from(line.sha256),
        component: Buffer.from(line.component),
        json: Buffer.from(JSON.stringify(line)),
      }),
  });
