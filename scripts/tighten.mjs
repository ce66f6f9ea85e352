// Run in a package's folder by its `build` script, behind tsc: makes the JavaScript in `dist` as small as it gets while a stack
// trace still tells a reader where he is. Every name stays, and every module; each statement has a line of its own. The comments
// stay in the declarations.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minifySync, parseSync, Visitor } from 'rolldown/utils';

const compress = {
  target: 'es2023',
  keepNames: { function: true, class: true },
  // A line for each, instead of one expression of many.
  sequences: false,
  joinVars: false,
};

/** Not those that may end with an empty statement, such as `while (waits());`. */
const ENDED_BY_LINE = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'BreakStatement',
  'ContinueStatement',
  'ThrowStatement',
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'PropertyDefinition',
]);

for (const name of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.js')) continue;
  const file = join('dist', name);
  const tight = print(file, readFileSync(file, 'utf8'), compress);
  const broken = breakLines(file, tight);
  if (print(file, broken, false) !== print(file, tight, false))
    throw new Error(`${file} would mean something else with its line breaks`);
  writeFileSync(file, broken);
}

function print(file, source, compress) {
  const { code, errors } = minifySync(file, source, { module: true, compress, mangle: false });
  if (errors.length > 0) throw new Error(`${file} could not be read`, { cause: errors });
  return code;
}

/** One follows each statement and class member, in the semicolon's place unless the next line could go on with this one. */
function breakLines(file, source) {
  const nodes = [];
  // Nothing has to follow the last one.
  const collect = ({ body }) => nodes.push(...body.slice(0, -1));
  new Visitor({
    Program: collect,
    BlockStatement: collect,
    ClassBody: collect,
    SwitchCase: ({ consequent }) => collect({ body: consequent }),
  }).visit(parseSync(file, source).program);

  let text = '';
  let at = 0;
  for (const node of nodes.toSorted((one, other) => one.end - other.end)) {
    const { end } = node;
    const isEnded = ENDED_BY_LINE.has(lastPart(node).type) && source[end - 1] === ';';
    const replaces = isEnded && /[\w$#"'{]/.test(source[end]);
    text += `${source.slice(at, replaces ? end - 1 : end)}\n`;
    at = end;
  }
  return `${text}${source.slice(at)}\n`;
}

function lastPart(node) {
  if (node.type === 'IfStatement') return lastPart(node.alternate ?? node.consequent);
  return /^(For|While)/.test(node.type) ? lastPart(node.body) : node;
}
