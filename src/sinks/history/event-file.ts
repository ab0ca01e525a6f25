import { PbfWriter } from 'pbf';
import { framed } from '../../tfrecord.js';

/*
 * TensorBoard's event file: TFRecord-framed `tensorflow.Event`s, of which the first names the version.
 * Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
 * Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }
 * https://github.com/tensorflow/tensorboard/tree/2.21.0/tensorboard/compat/proto (event.proto, summary.proto)
 */

/** What a file begins with. @param wallTime seconds since 1970. */
export function eventFileHead(wallTime: number): Buffer {
  return event((writer) => {
    writer.writeDoubleField(1, wallTime);
    writer.writeStringField(3, 'brain.Event:2');
  });
}

/** Scalars by tag at one step; TensorBoard holds them as 32-bit floats. @param wallTime seconds since 1970. */
export function scalarsEvent(
  wallTime: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Buffer {
  return event((writer) => {
    writer.writeDoubleField(1, wallTime);
    writer.writeVarintField(2, step);
    writer.writeMessage(5, writeSummary, scalars);
  });
}

function event(write: (writer: PbfWriter) => void): Buffer {
  const writer = new PbfWriter();
  write(writer);
  return framed(writer.finish());
}

function writeSummary(scalars: Readonly<Record<string, number>>, writer: PbfWriter): void {
  for (const scalar of Object.entries(scalars)) writer.writeMessage(1, writeValue, scalar);
}

function writeValue([tag, value]: readonly [string, number], writer: PbfWriter): void {
  writer.writeStringField(1, tag);
  writer.writeFloatField(2, value);
}
