import { type HotPath, HotPathKind } from '../../ports/hot-path.js';
import { checkOptions } from '../checks.js';
import { DedupTwin } from './dedup.js';
import { IngestTwin } from './ingest.js';
import { RoutesTwin } from './routes.js';
import { IndexTwin } from './vector-index.js';

/** The hot path where no addon can be loaded: slower, the same in everything else. */
export const twinHotPath = (): HotPath => ({
  kind: HotPathKind.Js,
  isa: 'javascript',
  index: (options) => new IndexTwin(checkOptions(options, 'index')),
  dedup: (options) => new DedupTwin(checkOptions(options, 'dedup')),
  routes: (options) => new RoutesTwin(checkOptions(options, 'routes')),
  ingest: (options) => new IngestTwin(checkOptions(options, 'ingest')),
});
