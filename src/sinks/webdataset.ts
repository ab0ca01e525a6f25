import type { ExportedSample } from '../exported.js';
import type { ExportSink } from './export-sink.js';
import { writeShards } from './shards.js';
import { TAR_END, tarMember } from './tar-member.js';

/**
 * Writes WebDataset's tar shards: of each sample `KEY.png` (or `.jpg`), `KEY.cls` (the class as decimal digits) and
 * `KEY.json` (its line), where KEY is its place in the task's samples.
 */
export const writeWebDataset: ExportSink = (folder, samples, { image, shardSize }) =>
  writeShards(folder, samples, {
    shardSize,
    extension: 'tar',
    encode({ line, image: bytes }: ExportedSample) {
      const key = String(line.index).padStart(9, '0');
      return Buffer.concat([
        ...tarMember(`${key}.${image}`, bytes),
        ...tarMember(`${key}.cls`, Buffer.from(String(line.class))),
        ...tarMember(`${key}.json`, Buffer.from(JSON.stringify(line))),
      ]);
    },
    end: TAR_END,
  });
