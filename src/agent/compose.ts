import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeError, messageOf } from '../core/errors.js';
import { HybridClock } from '../core/hlc.js';
import { Mesh } from '../mesh/mesh.js';
import { createHotPath, describeHotPath, returnFreedMemory } from '../native/hot-path.js';
import type { Clock } from '../ports/clock.js';
import type { Crypto } from '../ports/crypto.js';
import type { HotPath } from '../ports/hot-path.js';
import type { Log } from '../ports/log.js';
import type { Random } from '../ports/random.js';
import type { Store } from '../ports/store.js';
import { DEFAULT_WEAVE_LIMITS } from '../replication/limits.js';
import { Weave } from '../replication/weave.js';
import { Alerts } from '../services/alerts/alerts.js';
import { Detections } from '../services/detections/detections.js';
import { IndexKeeper } from '../services/detections/index-keeper.js';
import { DeviceState } from '../services/device/device-state.js';
import { Messages } from '../services/messages/messages.js';
import { Search } from '../services/search/search.js';
import { Spaces } from '../services/spaces.js';
import { Tracer } from '../services/trace/tracer.js';
import { nextBoot } from '../storage/boot-record.js';
import { type DataDir, openDataDir } from '../storage/data-dir.js';
import { loadIdentity } from '../storage/identity-file.js';
import { openLmdbStore } from '../storage/lmdb.js';
import { garbageCollector } from '../system/collect-garbage.js';
import { deviceSensors } from '../system/device-sensors.js';
import { nodeCrypto } from '../system/node-crypto.js';
import { createLog } from '../system/pino-log.js';
import { systemClock } from '../system/system-clock.js';
import { systemRandom } from '../system/system-random.js';
import { nodeIdOfKey, type Self } from '../trust/identity.js';
import { Agent } from './agent.js';
import type { Config } from './config.js';
import { Events } from './events.js';
import { type Face, Lifecycle } from './lifecycle.js';
import { MemoryKeeper } from './memory-keeper.js';
import { RunnerAccess } from './mesh-access.js';
import { openMeshTagKey } from './mesh-key.js';
import { PinnedRoutes } from './pinned-routes.js';
import { createRadio } from './radios.js';
import { RunnerRecords } from './records-access.js';
import { Relay } from './relay.js';
import { Runner } from './runner.js';
import { StorageCondition } from './storage-condition.js';
import { RunnerTrace } from './trace-access.js';

/** How the agent's interface is opened; given by who stands above. */
type FaceFactory = (agent: Agent, config: Config, log: Log) => Promise<Face | undefined>;

/** Opens what an agent stands on and wires it: the only place where concrete parts meet. */
export async function composeAgent(config: Config, openFace: FaceFactory): Promise<Agent> {
  const log = createLog({ level: config.logLevel });
  const dataDir = openDataDir({ path: config.dataDir });
  let store: Store | undefined;
  try {
    store = openLmdbStore({ path: join(dataDir.path, 'store'), maxBytes: config.limits.storeBytes });
    return await wire(config, openFace, log, dataDir, store);
  } catch (error) {
    await store?.close();
    dataDir.close();
    throw error;
  }
}

interface Engine {
  readonly self: Self;
  readonly mesh: Mesh;
  readonly weave: Weave;
  readonly hotPath: HotPath;
}

function engine(
  config: Config,
  dataDir: DataDir,
  store: Store,
  crypto: Crypto,
  random: Random,
  version: string,
): Engine {
  const { keys } = loadIdentity(dataDir.path, crypto);
  const { firstSequence, ...boot } = nextBoot(dataDir.path, crypto);
  const self: Self = { id: nodeIdOfKey(crypto, keys.publicKey), keys, boot };
  const clock = new HybridClock();
  const hotPath = createHotPath();
  const weave = new Weave({
    self: self.id,
    keys,
    boot,
    crypto,
    store,
    random: random.fork('weave'),
    clock,
    limits: { ...DEFAULT_WEAVE_LIMITS, detections: config.limits.detections },
    retentionMs: config.detections.retentionMs,
    shareVectors: config.detections.shareVectors,
  });
  const mesh = new Mesh({
    self,
    name: config.name,
    version,
    tagKey: openMeshTagKey(crypto, config.mesh),
    firstSequence,
    crypto,
    random: random.fork('mesh'),
    hotPath,
    clock,
    timing: {
      heartbeatMs: config.meshTiming.heartbeatIntervalMs,
      peerTimeoutMs: config.meshTiming.peerTimeoutMs,
      forgetAfterMs: config.meshTiming.forgetAfterMs,
    },
    maxPeers: config.limits.peers,
    maxLinks: config.limits.links,
    segmentNodes: config.limits.segment,
    dedupCapacity: config.limits.dedupCapacity,
    weave,
    store,
    hasClock: config.clock.trusted,
  });
  return { self, mesh, weave, hotPath };
}

/** What the services stand on. */
interface Ground {
  readonly config: Config;
  readonly log: Log;
  readonly crypto: Crypto;
  readonly store: Store;
  readonly hotPath: HotPath;
  readonly mesh: Mesh;
  readonly runner: Runner;
  readonly access: RunnerAccess;
  readonly trace: RunnerTrace;
  readonly records: RunnerRecords;
  readonly events: Events;
  readonly storage: StorageCondition;
}

function services(ground: Ground) {
  const { config, log, crypto, store, hotPath, mesh, runner, access, trace, records, events, storage } = ground;
  const clock = meshClock(runner);
  const counted = (reason: string): void => mesh.counters.refuse(reason);
  const messages = new Messages(access, clock, store, {
    counted,
    message: (message) => events.emit('message', message),
    query: (message) => events.emit('query', message),
    transfer: (transfer) => events.emit('transfer', transfer),
  });
  const alerts = new Alerts(access, clock, store, {
    counted,
    alert: (alert) => events.emit('alert', alert),
    stored: () => storage.set('ok'),
    storeFailed: (error) => storage.failed(error),
  });
  const spaces = new Spaces(crypto, config.spaces);
  const detections = new Detections(records, spaces, clock);
  const index = new IndexKeeper({ hotPath, spaces, records, clock, capacity: config.limits.detections });
  const search = new Search({ mesh: access, records, spaces, source: index, clock, crypto, counted });
  const tracer = new Tracer(trace, clock, crypto);
  const pinned = new PinnedRoutes(mesh, store, (error) => storage.failed(error));
  const { enabled, intervalMs } = config.sensors;
  const sensors = enabled
    ? { sensors: deviceSensors({ clock, dataDirectory: config.dataDir }), intervalMs }
    : undefined;
  const device = new DeviceState(clock, log.child('sensors'), sensors, (patch) =>
    runner.submit({ kind: 'patch-state', patch }),
  );
  const close = (): void => {
    device.stop();
    for (const service of [messages, alerts, search, index, tracer, records]) service.close();
  };
  return { messages, alerts, detections, index, search, tracer, pinned, device, close };
}

async function wire(config: Config, openFace: FaceFactory, log: Log, dataDir: DataDir, store: Store): Promise<Agent> {
  const clock = systemClock;
  const version = packageVersion();
  const crypto = nodeCrypto();
  const { self, mesh, weave, hotPath } = engine(config, dataDir, store, crypto, systemRandom(), version);
  const events = new Events(log);
  const access = new RunnerAccess(mesh, clock);
  const trace = new RunnerTrace(mesh, config.name);
  const records = new RunnerRecords(weave.view, (input) => runner.submit({ kind: 'records', input }));
  const storage = new StorageCondition(log, (condition, detail) =>
    events.emit('health', { subject: 'storage', condition, ...(detail !== undefined && { detail }) }),
  );
  const radioContext = { config, nodeId: self.id, log, clock };
  const radios = await Promise.all(config.radios.map((spec) => createRadio(spec, radioContext)));
  const relay = new Relay({ mesh, events, access, trace, records, storage, log, clock });
  const runner: Runner = new Runner(mesh, radios, store, clock, log, relay);
  access.connect(runner);
  trace.connect(runner);
  const ground = { config, log, crypto, store, hotPath, mesh, runner, access, trace, records, events, storage };
  const served = services(ground);
  const memory = new MemoryKeeper({
    clock,
    steps: () => runner.times.steps,
    residentBytes: () => process.memoryUsage.rss(),
    collect: garbageCollector(),
    trim: returnFreedMemory,
  });
  const lifecycle = new Lifecycle({
    log,
    runner,
    store,
    dataDir,
    openFace: (agent) => openFace(agent, config, log.child('http')),
    begin: async () => {
      runner.submit({ kind: 'custody', input: { kind: 'restore' } });
      served.alerts.restore();
      served.pinned.restore();
      served.device.start();
      memory.start();
      addStaticPeers(agent, config, log);
      await served.index.load();
    },
    leave: () => runner.submit({ kind: 'leave' }),
    end: () => {
      memory.stop();
      served.close();
    },
  });
  const { kind, isa } = hotPath;
  const agent: Agent = new Agent({
    ...served,
    config,
    mesh,
    runner,
    clock,
    events,
    hotPath: { kind, isa, ...(kind === 'js' && { reason: describeHotPath().text }) },
    version,
    storage,
    lifecycle: { start: () => lifecycle.start(agent), stop: () => lifecycle.stop(), url: () => lifecycle.url() },
  });
  return agent;
}

/** The clock of services: its wall shows the mesh's time, as all stamps do. */
const meshClock = (runner: Runner): Clock => ({
  now: () => systemClock.now(),
  wall: () => runner.now().wall,
  timer: (name, delayMs, fn) => systemClock.timer(name, delayMs, fn),
});

function addStaticPeers(agent: Agent, config: Config, log: Log): void {
  for (const { host, port } of config.peers.static) {
    agent
      .addPeer({ host, port })
      .catch((error: unknown) => log.warn(`static peer ${host}:${port} was not added`, { error: messageOf(error) }));
  }
}

/** Of this package: the file lies two folders above, built or installed. */
function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version?: string;
  };
  if (manifest.version !== undefined) return manifest.version;
  throw new EdgeError('agent.package', 'package.json has no version', { fix: 'reinstall edge-agent', status: 500 });
}
