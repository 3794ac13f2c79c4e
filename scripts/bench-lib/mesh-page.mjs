// docs/mesh.md from what `edge-agent simulate --suite goals --json` printed: node scripts/bench-lib/mesh-page.mjs FILE
import { readFileSync } from 'node:fs';
import { writeDocument } from './document.mjs';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/bench-lib/mesh-page.mjs FILE');
  process.exit(2);
}
const report = JSON.parse(readFileSync(file, 'utf8'));
const seeds = Math.max(0, ...report.rows.map(({ spread }) => spread?.samples ?? 0));
writeDocument(report, { command: `edge-agent simulate --suite goals --seeds ${seeds}`, page: 'mesh' });
