import { ABO_ATTRIBUTION, originOf } from '../../attribution.js';
import { percent } from '../../percent.js';
import type { Recipe } from '../../recipe.js';
import type { Summary, TaskSummary } from '../../summary.js';
import type { ModelMetadata } from '../model-folder.js';
import type { ModelFormat } from './formats.js';
import { usage } from './usage.js';

/** The run that a model comes from. */
export interface CardRun extends Pick<Summary, 'recipe' | 'synthetic'> {
  /** What its photos were read from; undefined: its folder does not say. */
  kind: Recipe['source']['kind'] | undefined;
  task: TaskSummary;
}

/** Licences of the ImageNet weights that Keras publishes, as remembered: not looked up, so the card asks to check them. */
const PUBLISHED_WEIGHTS: Readonly<Record<string, string>> = {
  mobilenet: 'Apache 2.0 (Google)',
  inception_v3: 'Apache 2.0 (Google)',
  resnet50: 'MIT (Kaiming He)',
  vgg16: 'Creative Commons Attribution (VGG, Oxford)',
};

const PREPROCESSING = {
  scale: 'x / 255',
  tf: 'x / 127.5 − 1',
  torch: '(x / 255 − [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]',
  caffe: 'RGB turned to BGR, minus [103.939, 116.779, 123.68]',
} as const;

/** A model card in Markdown, with front matter as model hubs read it. @param run absent: nothing is known of it. */
export function modelCard(metadata: ModelMetadata, format: ModelFormat, run?: CardRun): string {
  const sections = [
    frontMatter(metadata, format, run),
    `# ${metadata.task}: ${metadata.network}`,
    `Classifies photos of products by ${metadata.task} into ${metadata.classes.length} classes; trained with abo-pipeline.`,
    ['## Classes', metadata.classes.map((name, index) => `${index}. ${code(name)}`).join('\n')],
    ['## Data', dataText(run)],
    ['## Split', run ? splitText(run.task) : 'Not known: exported without the run that made it.'],
    ['## Figures', run ? figuresText(run) : 'Not evaluated: exported without the run that made it.'],
    ['## Input and output', inputText(metadata, format)],
    ['## Pretrained weights', pretrainedText(metadata)],
    ['## Use', ...usage(metadata, format)],
    ...(run ? [['## Recipe', `${code(run.recipe.name)}, sha256 ${run.recipe.hash}`]] : []),
  ];
  return `${sections.flat().join('\n\n')}\n`;
}

const LIBRARIES: Partial<Record<ModelFormat, string>> = {
  keras: 'keras',
  'weights-h5': 'keras',
  onnx: 'onnx',
};

function frontMatter({ task, network }: ModelMetadata, format: ModelFormat, run?: CardRun): string {
  const library = LIBRARIES[format];
  const lines = [
    'pipeline_tag: image-classification',
    ...(library === undefined ? [] : [`library_name: ${library}`]),
    `tags: [image-classification, ${network}, ${format}]`,
    ...(run ? modelIndex(`${task}-${network}`, run) : []),
  ];
  return ['---', ...lines, '---'].join('\n');
}

/** Figures as model hubs read them. */
function modelIndex(name: string, run: CardRun): string[] {
  const { task } = run;
  const data = JSON.stringify(datasetOf(run));
  return [
    'model-index:',
    `  - name: ${JSON.stringify(name)}`,
    '    results:',
    '      - task: { type: image-classification }',
    `        dataset: { type: ${data}, name: ${data}, split: ${task.evaluatedOn} }`,
    '        metrics:',
    `          - { type: accuracy, value: ${task.accuracy} }`,
    `          - { type: f1, name: macro-F1, value: ${task.macroF1} }`,
  ];
}

/** What hubs call a run's data: a catalogue of the user's own, or one that is not known, goes by the recipe's name. */
function datasetOf({ kind, synthetic, recipe }: CardRun): string {
  const origin = originOf({ kind, synthetic });
  if (origin === undefined) return recipe.name;
  return origin === 'drawn' ? 'synthetic' : 'amazon-berkeley-objects';
}

function dataText(run: CardRun | undefined): string {
  if (run?.synthetic) {
    return 'Synthetic: all photos were drawn by `pipeline synth`. The figures say nothing about real photos.';
  }
  const { name, page, holder, licence, paper } = ABO_ATTRIBUTION;
  const abo = `[${name}](${page}), © ${holder}, licensed under [${licence.name}](${licence.url}). ${paper.authors}, *${paper.title}*, ${paper.venue}.`;
  switch (run?.kind) {
    case 'folder':
    case 'records':
      return `A catalogue of the user's own, read as ${READ_AS[run.kind]}: its licence is not known here.`;
    case 'abo':
      return `Photos and listings from a dump in the layout of ${abo} Of another dump in that layout, its own licence holds.`;
    case undefined: {
      const why = run ? 'its run does not say' : 'exported without the run that made it';
      return `Not known: ${why}. Where it was trained on Amazon Berkeley Objects, that is ${abo}`;
    }
  }
}

const READ_AS = {
  folder: 'a folder of photos a class',
  records: 'records with the paths of photos',
} as const;

const range = ([low, high]: [number, number]) => `${percent(low)} to ${percent(high)}`;

const SPLIT_BY: Record<TaskSummary['splitBy'], string> = {
  component: 'by component (photos that share an item or are near the same picture stay on one side)',
  image: 'by image, at random',
  given: 'as it was given',
};

function splitText({ samples, splits, shares, splitBy, twins }: TaskSummary): string {
  const sides = Object.entries(splits).map(
    ([side, count]) => `${side} ${count} (${percent(shares[side as keyof typeof shares])})`,
  );
  const torn = Object.values(twins).reduce((sum, count) => sum + count, 0);
  const leak =
    torn === 0
      ? 'No photo has a photo of its component on another side: the split is leak-free.'
      : `The split leaks: ${torn} photos have a photo of their component on another side.`;
  return `${samples} photos, split ${SPLIT_BY[splitBy]}: ${sides.join(', ')}. ${leak}`;
}

function figuresText({ task, synthetic }: CardRun): string {
  const { evaluatedOn: side, splits, accuracy, accuracyInterval: interval, withoutTwins: clean } = task;
  const what = `On the ${splits[side]} photos of the ${side} side${synthetic ? ', which are synthetic' : ''}; intervals are 95 %, by bootstrap over components.`;
  const rows = [
    ['accuracy', `${percent(accuracy)} (${range(interval)})`],
    ...(clean && clean.samples > 0
      ? [
          [
            `accuracy on the ${clean.samples} without a twin elsewhere`,
            `${percent(clean.accuracy)} (${range(clean.accuracyInterval)})`,
          ],
        ]
      : []),
    ['accuracy at the natural shares of the classes', percent(task.naturalAccuracy)],
    ['top-5 accuracy', percent(task.top5)],
    ['macro-F1', percent(task.macroF1)],
    ['cross-entropy after the temperature', `${task.loss.toFixed(3)} nats`],
  ];
  return `${what}\n\n| | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}`;
}

function inputText({ input, temperature, mirror }: ModelMetadata, format: ModelFormat): string {
  const { width, height, fit, preprocessing } = input;
  const size = `[N, ${height}, ${width}, 3], float32, RGB`;
  const filter = input.filter ?? 'bilinear';
  const resized = `Photos are decoded by ${input.decoder} and resized to ${width} × ${height} pixels (${fit}, ${filter}).${mirror ? ' The figures are those of the averages of the outputs for each photo and for its mirror image; the model itself gives one output for one photo.' : ''}`;
  if (format === 'onnx') {
    return `${resized} \`pixels\` is ${size} levels in 0..255: the preprocessing (${PREPROCESSING[preprocessing]}) is in the graph. \`probabilities\` is softmax(logits / ${temperature}): the temperature is in the graph too.`;
  }
  return `${resized} The input is ${size}, preprocessed: ${PREPROCESSING[preprocessing]}, x being levels in 0..255. The output is softmax(logits), as it was trained; the temperature ${temperature} is **not** in it. Calibrated probabilities are p^(1/T) / Σ p^(1/T), T = ${temperature}.`;
}

function pretrainedText({ pretrained, network, alpha }: ModelMetadata): string {
  if (pretrained === null) return 'None: trained from random weights.';
  const known = PUBLISHED_WEIGHTS[network];
  const licence =
    known === undefined
      ? 'Their licence is not known.'
      : `Those of ${network} that Keras publishes are taken to be under ${known}: check with the publisher. Of others, their own licence holds.`;
  return `Training started from weights of ${network} (alpha ${alpha}) with the sha256 ${pretrained}. ${licence}`;
}

/** Text in backticks, whatever is in it. */
function code(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ');
  return plain.includes('`') ? `\`\` ${plain} \`\`` : `\`${plain}\``;
}
