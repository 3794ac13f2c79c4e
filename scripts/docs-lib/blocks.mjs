// What a Markdown page holds that can be run or checked: its fenced blocks, the commands in them, and commands in running text.
import { spawnSync } from 'node:child_process';

/** A page with more is no page; the rest would not be checked, so it is refused. */
const BLOCKS_MAX = 200;

/** @typedef {{language: string, line: number, text: string}} Block `line`: of its first line of text, from 1 */

/** The fenced blocks of a page, without the indentation of their fence. Throws for one that is never closed. */
export function blocksOf(markdown) {
  const blocks = [];
  let open;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^(\s*)```+\s*([\w-]*)/.exec(line);
    if (open === undefined && fence) open = { indent: fence[1].length, language: fence[2], line: index + 2, lines: [] };
    else if (open !== undefined && fence) {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    } else open?.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
  }
  if (open !== undefined) throw new Error(`line ${open.line - 1}: this block is never closed`);
  if (blocks.length > BLOCKS_MAX) throw new Error(`${blocks.length} blocks, and ${BLOCKS_MAX} are the most`);
  return blocks;
}

/** Whether bash would wait for more lines (a quote, a loop or a here-document is open); a mistake is not waited for. */
function isOpen(text) {
  if (/(^|[^\\])(\\\\)*\\$/.test(text)) return true;
  const { stderr } = spawnSync('bash', ['-n'], { input: `${text}\n`, encoding: 'utf8' });
  return /unexpected end of file|unexpected EOF|here-document/.test(stderr);
}

/**
 * The commands of a block of shell, each with all of its lines.
 * @returns {{line: number, text: string, refusal?: {status: string, code: string}}[]} `refusal`: what a comment
 * `# 404 detection.unknown` at its end promises
 */
export function commandsOf({ text, line }) {
  const commands = [];
  let pending = '';
  let start = line;
  const lines = text.split('\n');
  for (const [index, next] of lines.entries()) {
    if (pending === '' && /^\s*(#|$)/.test(next)) continue;
    if (pending === '') start = line + index;
    pending = pending === '' ? next : `${pending}\n${next}`;
    if (index < lines.length - 1 && isOpen(pending)) continue;
    const promise = /\s#\s*([45]\d\d) ([a-z][\w.-]*)[^\n]*$/.exec(pending);
    commands.push({
      line: start,
      text: pending,
      ...(promise && { refusal: { status: promise[1], code: promise[2] } }),
    });
    pending = '';
  }
  return commands;
}

const INLINE = /`((?:npx )?edge-agent(?: [^`]*)?|(?:\.\/)?scripts\/[^`]*)`/g;

/** Commands named in running text: `edge-agent stats`, `./scripts/test --full`. */
export function mentionsOf(markdown) {
  const fenced = new Set();
  for (const { line, text } of blocksOf(markdown)) {
    for (let at = 0; at < text.split('\n').length; at++) fenced.add(line + at);
  }
  return markdown
    .split('\n')
    .flatMap((text, index) =>
      fenced.has(index + 1) ? [] : [...text.matchAll(INLINE)].map(([, found]) => ({ line: index + 1, text: found })),
    );
}
