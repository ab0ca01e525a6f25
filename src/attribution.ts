/** Whose Amazon Berkeley Objects are, what may be done with them, and what to name with whatever is made of them. */
export const ABO_ATTRIBUTION = {
  name: 'Amazon Berkeley Objects',
  page: 'https://amazon-berkeley-objects.s3.amazonaws.com/index.html',
  holder: 'Amazon.com',
  licence: { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' },
  paper: {
    authors: 'Jasmine Collins et al.',
    title: 'ABO: Dataset and Benchmarks for Real-World 3D Object Understanding',
    venue: 'CVPR 2022',
  },
} as const;

/** Whose photos are: Amazon Berkeley Objects', or nobody's, since they were drawn; undefined where their source is another. */
export type Origin = 'abo' | 'drawn';

/** @param source of photos: its kind, where that is known, and whether `pipeline synth` drew it. */
export function originOf({
  kind,
  synthetic,
}: {
  kind: string | undefined;
  synthetic: boolean;
}): Origin | undefined {
  if (synthetic) return 'drawn';
  return kind === 'abo' ? 'abo' : undefined;
}

/** The same as plain text, two lines. */
export function attributionText(): string {
  const { name, page, holder, licence, paper } = ABO_ATTRIBUTION;
  return [
    `Photos and listing text are ${name}, © ${holder}, licensed under ${licence.name} (${licence.url}).`,
    `Name them with what you make of them: ${paper.authors}, ${paper.title}, ${paper.venue}; ${page}`,
  ].join('\n');
}
