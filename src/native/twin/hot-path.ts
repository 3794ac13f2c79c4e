import { type HotPath, HotPathKind } from '../../ports/hot-path.js';
import { DedupTwin } from './dedup.js';
import { IngestTwin } from './ingest.js';
import { RoutesTwin } from './routes.js';
import { IndexTwin } from './vector-index.js';

/** The hot path where no addon can be loaded: slower, the same in everything else. */
export const twinHotPath = (): HotPath => ({
  kind: HotPathKind.Js,
  isa: 'javascript',
  index: (options) => new IndexTwin(options),
  dedup: (options) => new DedupTwin(options),
  routes: (options) => new RoutesTwin(options),
  ingest: (options) => new IngestTwin(options),
});
