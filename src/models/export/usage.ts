import type { Normalisation } from '../../normalisation.js';
import type { ModelMetadata } from '../model-folder.js';
import type { ModelFormat } from './formats.js';
import { pythonPhoto, tfjsPhoto } from './photo-code.js';

/** How a photo, levels 0..255, is preprocessed in NumPy. */
const NUMPY: Record<Normalisation, string> = {
  scale: 'x / 255',
  tf: 'x / 127.5 - 1',
  torch: '(x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]',
  caffe: 'x[..., ::-1] - [103.939, 116.779, 123.68]',
};
const TFJS: Record<Normalisation, string> = {
  scale: 'x.div(255)',
  tf: 'x.div(127.5).sub(1)',
  torch: 'x.div(255).sub([0.485, 0.456, 0.406]).div([0.229, 0.224, 0.225])',
  caffe: 'x.reverse(-1).sub([103.939, 116.779, 123.68])',
};

/** A few lines that classify one photo, fitted to the model's input as in training, and how near that is. */
export function usage(metadata: ModelMetadata, format: ModelFormat): string[] {
  return [nearness(metadata), example(metadata, format)];
}

function nearness({ input, mirror }: ModelMetadata): string {
  const samples =
    input.filter === 'area'
      ? 'The mean of what a pixel covers is taken of k × k bilinear samples, which is near it; decoders and rounding differ too, so that some levels are others.'
      : 'Bilinear, as in training, is without the smoothing that many libraries’ resizing has; decoders and rounding differ, so that levels may be a few of 255 apart.';
  return `The code fits a photo as in training (${input.fit}). ${samples}${mirror ? ' It predicts the photo as it is, where the figures are those of averages with its mirror image.' : ''}`;
}

function example({ input }: ModelMetadata, format: ModelFormat): string {
  const { preprocessing } = input;
  const classes = `classes = json.load(open('metadata.json'))['classes']`;
  const keras = (load: readonly string[]) =>
    python([
      'import json, keras, numpy as np',
      'from PIL import Image, ImageOps',
      ...load,
      classes,
      ...pythonPhoto(input),
      `print(classes[int(model.predict(${NUMPY[preprocessing]})[0].argmax())])`,
    ]);
  switch (format) {
    case 'keras':
      return keras([`model = keras.models.load_model('model.h5', compile=False)`]);
    case 'weights-h5':
      return keras([
        `model = keras.models.model_from_json(open('model.json').read())`,
        `model.load_weights('model.weights.h5')`,
      ]);
    case 'onnx':
      return python([
        'import json, numpy as np, onnxruntime',
        'from PIL import Image, ImageOps',
        `session = onnxruntime.InferenceSession('model.onnx')`,
        classes,
        ...pythonPhoto(input),
        `print(classes[int(session.run(None, {'pixels': x})[0][0].argmax())])`,
      ]);
    case 'tfjs':
      return fenced('js', [
        `const model = await tf.loadLayersModel('model.json');`,
        `const { classes } = await (await fetch('metadata.json')).json();`,
        ...tfjsPhoto(input),
        `const [p] = await model.predict(${TFJS[preprocessing]}).array();`,
        'console.log(classes[p.indexOf(Math.max(...p))]);',
      ]);
  }
}

const python = (lines: readonly string[]) => fenced('python', lines);

function fenced(language: string, lines: readonly string[]): string {
  return [`\`\`\`${language}`, ...lines, '```'].join('\n');
}
