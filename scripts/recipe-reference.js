// Prints docs/recipe-reference.md: every key of a recipe, from the schema itself.
//   node scripts/recipe-reference.js > docs/recipe-reference.md
import { recipeJsonSchema } from '../dist/recipe.js';

const HEAD = `# Recipe reference

Every key that a recipe may have, by the schema that reads it. [Recipes](recipes.md) explains what they do to photos and
models, and has examples. This file is generated: \`node scripts/recipe-reference.js > docs/recipe-reference.md\`.

Keys without a default may be left out unless they are required. \`<name>\` is a name of your own, \`N\` a place in a list from 0.
Where a key may be one of several things, the keys of each are listed.
`;

const schema = recipeJsonSchema();
const deref = (node) =>
  typeof node.$ref === 'string'
    ? node.$ref
        .slice(2)
        .split('/')
        .filter(Boolean)
        .reduce((found, key) => found[key], schema)
    : node;
const code = (value) => `\`${value}\``;
const inline = (value) => code(typeof value === 'string' ? value || "''" : JSON.stringify(value));

/** What a value may be, in words. */
function valuesOf(node) {
  if (node.const !== undefined) return code(node.const);
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  const several = node.anyOf ?? node.oneOf;
  if (several !== undefined) {
    const kinds = [...new Set(several.map((one) => valuesOf(deref(one))))];
    return kinds.join(' or ');
  }
  if (node.type === 'array') {
    if (node.prefixItems !== undefined) return `list of ${node.prefixItems.length}`;
    const items = node.items === undefined ? '' : valuesOf(deref(node.items));
    return items === 'keys' ? 'list' : `list of ${items}`;
  }
  if (node.type === 'integer' || node.type === 'number') {
    const kind = node.type === 'integer' ? 'whole number' : 'number';
    const most = Number.MAX_SAFE_INTEGER;
    const bounds = [
      node.minimum !== undefined && node.minimum !== -most && `at least ${node.minimum}`,
      node.exclusiveMinimum !== undefined && `above ${node.exclusiveMinimum}`,
      node.maximum !== undefined && node.maximum !== most && `at most ${node.maximum}`,
      node.exclusiveMaximum !== undefined && `below ${node.exclusiveMaximum}`,
    ].filter(Boolean);
    return [kind, ...bounds].join(', ');
  }
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.type === 'object') return 'keys';
  return node.type === 'string' ? 'text' : 'any';
}

function meaningOf(key, { description = '' }) {
  if (key === 'tasks.<name>.model')
    return `${description} Its keys are those of [model](#model), none required.`;
  // Names of one's own, and what the key above them says already.
  return description || (key.endsWith('.<name>') || key.endsWith('.kind') ? '' : 'As above.');
}

/** The rows of a key and of all below it. */
function rowsOf(key, node, { required, seen }) {
  const own = {
    key,
    values: valuesOf(node),
    default: required ? 'required' : node.default === undefined ? '' : inline(node.default),
    meaning: meaningOf(key, node),
  };
  return [own, ...rowsBelow(key, node, seen)];
}

function rowsBelow(key, node, seen) {
  // A task's own model has the keys of the recipe's.
  if (seen.includes(node) || key === 'tasks.<name>.model') return [];
  const inside = [...seen, node];
  const rows = [];
  const several = node.anyOf ?? node.oneOf ?? [];
  for (const one of several) rows.push(...rowsBelow(key, deref(one), inside));
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    // What is asked for is asked for of each kind: a key of one kind alone is not.
    const required = node.required?.includes(name) && !('default' in child);
    rows.push(...rowsOf(`${key}.${name}`, deref(child), { required, seen: inside }));
  }
  if (typeof node.additionalProperties === 'object') {
    rows.push(...rowsOf(`${key}.<name>`, deref(node.additionalProperties), { seen: inside }));
  }
  if (node.items !== undefined) rows.push(...rowsBelow(`${key}.N`, deref(node.items), inside));
  return rows;
}

/** Rows of one key, which several kinds have, as one. */
function merged(rows) {
  const byKey = new Map();
  for (const row of rows) {
    const found = byKey.get(row.key);
    if (found === undefined) {
      byKey.set(row.key, { ...row, values: new Set([row.values]), defaults: new Set([row.default]) });
      continue;
    }
    found.values.add(row.values);
    found.defaults.add(row.default);
    found.meaning ||= row.meaning;
  }
  return [...byKey.values()].map(({ key, values, defaults, meaning }) => {
    const [only, ...more] = defaults;
    return [code(key), [...values].join(' or '), more.length > 0 ? 'by kind' : only, meaning];
  });
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (rows) => [
  '| key | values | default | meaning |',
  '|---|---|---|---|',
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  '',
];

const { required = [] } = schema.anyOf.find((one) => one.required?.[0] !== 'extends');
const sections = Object.entries(schema.properties).map(([name, child]) => {
  const node = deref(child);
  const asked = required.includes(name) && !('default' in node);
  return { name, rows: merged(rowsOf(name, node, { required: asked, seen: [] })) };
});
const plain = sections.filter(({ rows }) => rows.length === 1);
const lines = [HEAD, ...table(plain.flatMap(({ rows }) => rows))];
for (const { name, rows } of sections.filter(({ rows }) => rows.length > 1)) {
  lines.push(`## ${name}`, '', ...table(rows));
}
process.stdout.write(`${lines.join('\n').trimEnd()}\n`);
