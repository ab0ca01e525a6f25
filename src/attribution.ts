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

/** The same as plain text, two lines. */
export function attributionText(): string {
  const { name, page, holder, licence, paper } = ABO_ATTRIBUTION;
  return [
    `Photos and listing text are ${name}, © ${holder}, licensed under ${licence.name} (${licence.url}).`,
    `Name them with what you make of them: ${paper.authors}, ${paper.title}, ${paper.venue}; ${page}`,
  ].join('\n');
}
