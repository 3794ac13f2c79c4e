// Runs every command of the pages people read, against agents of this checkout, so that the pages stay true.
// Tables of what is replaced, what stays and what cannot run here: docs-lib/rules.mjs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { blocksOf, mentionsOf } from './docs-lib/blocks.mjs';
import { makeChecker } from './docs-lib/exists.mjs';
import { openPlace } from './docs-lib/place.mjs';
import { endAll, runPage } from './docs-lib/run.mjs';

const USAGE = `usage: node scripts/docs.mjs [PAGE…]
  PAGE  only these, such as docs/http.md; default: README.md, CONTRIBUTING.md and docs/*.md
Ends with N passed, N failed, N skipped; exit code 1 when anything failed.`;
const MARKS = { passed: '✔', failed: '✘', skipped: '-' };
const DETAIL_LINES = 30;
const root = join(import.meta.dirname, '..');

let open;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    endAll();
    await open?.close();
    process.exit(130);
  });
}

function pagesOf(given) {
  if (given.length > 0) return given;
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort().map((name) => `docs/${name}`)];
}

function show(page, { line, what, outcome, detail }) {
  const why = outcome === 'skipped' ? ` (${detail})` : '';
  console.log(`${MARKS[outcome]} ${page}:${line} ${what}${why}`);
  if (outcome !== 'failed') return;
  const text = detail.trimEnd().split('\n').slice(-DETAIL_LINES).join('\n');
  console.log(text.replaceAll(/^/gm, '    '));
}

/** Everything of one page: its blocks run, and what it only names exists. */
async function checkPage(page, exists) {
  const markdown = readFileSync(join(root, page), 'utf8');
  const results = mentionsOf(markdown).flatMap(({ line, text }) => {
    const fault = exists(text);
    return fault ? [{ line, what: text, outcome: 'failed', detail: fault }] : [];
  });
  if (results.length === 0) results.push({ line: 1, what: 'every command it names exists', outcome: 'passed' });
  const blocks = blocksOf(markdown);
  // Drawings and results need no agents.
  if (!blocks.some(({ language }) => language !== '')) return results;
  const place = await openPlace(root);
  open = place;
  try {
    results.push(...(await runPage(place, blocks, exists)));
  } finally {
    await place.close();
  }
  return results;
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
  if (values.help) return console.log(USAGE);
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('nothing is built: run scripts/build first');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const exists = await makeChecker(root);
  for (const page of pagesOf(positionals)) {
    const results = await checkPage(page, exists).catch((error) => [
      { line: 1, what: 'the page', outcome: 'failed', detail: error.stack },
    ]);
    for (const result of results) {
      counts[result.outcome]++;
      show(page, result);
    }
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

await main();
