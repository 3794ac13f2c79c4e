import type { TestFn } from 'ava';
import type { HotPath } from '../../ports/hot-path.js';
import { dedupContract } from './hot-path-dedup.js';
import { exactContract } from './hot-path-exact.js';
import { indexContract } from './hot-path-index.js';
import { ingestContract } from './hot-path-ingest.js';
import { routesContract } from './hot-path-routes.js';
import { twoStageContract } from './hot-path-two-stage.js';

/** What every implementation of the `HotPath` port must do; `create` gives a hot path, the same one or another. */
export function hotPathContract(test: TestFn, name: string, create: () => HotPath): void {
  test(`${name}: it says what it is`, (t) => {
    const { kind, isa } = create();
    if (kind === 'js') t.is(isa, 'javascript');
    else t.true(['scalar', 'avx2', 'avx512', 'neon', 'neon-dotprod'].includes(isa), isa);
  });
  dedupContract(test, name, create);
  routesContract(test, name, create);
  indexContract(test, name, create);
  twoStageContract(test, name, create);
  exactContract(test, name, create);
  ingestContract(test, name, create);
}
