import { seededRandom } from '../../system/seeded-random.js';
import { Priority } from '../../wire/frame-types.js';
import { watchAll } from '../checkers/all.js';
import { Flooder } from '../flooder.js';
import type { Position } from '../lora/landscape.js';
import { Mobility, type Movable } from '../mobility.js';
import type { Observer } from '../observer.js';
import type { Pair } from '../topologies.js';
import { World } from '../world.js';
import { type Act, eventsOf } from './events.js';
import { type Shortfall, shortfallsOf } from './expectations.js';
import { placesOf } from './places.js';
import { planOf } from './radio-plans.js';
import { Recorder, type RunFigures } from './recorder.js';
import type { Fault, Scenario, ScenarioMobility } from './scenario.js';

/** Between two calls of `progress`, virtual ms. */
const PROGRESS_MS = 1_000;

interface MapLink {
  readonly pair: Pair;
  /** By number, of the scenario's radios. */
  readonly radio: number;
}

/** The mesh at the end of the traffic, to be drawn. */
export interface MeshMap {
  readonly places: readonly Position[];
  readonly up: readonly boolean[];
  readonly links: readonly MapLink[];
}

export interface ScenarioRun {
  readonly scenario: string;
  readonly seed: number;
  /** Nothing that was expected is missing. */
  readonly ok: boolean;
  readonly shortfalls: readonly Shortfall[];
  readonly findings: { readonly total: number; readonly list: readonly string[] };
  readonly figures: RunFigures;
  readonly map: MeshMap;
  /** Of all frames transmitted: equal for two runs of one seed. */
  readonly trace: string;
}

export interface PlayOptions {
  /** Virtual ms of those there are. */
  progress?(doneMs: number, totalMs: number): void;
}

/** Plays a scenario with one seed; the checkers watch every step. */
export async function play(scenario: Scenario, seed: number, { progress }: PlayOptions = {}): Promise<ScenarioRun> {
  const random = seededRandom(`scenario ${seed}`);
  const places = placesOf(scenario.nodes, random.fork('places'));
  const { count } = scenario.nodes;
  const world = new World({
    seed,
    nodes: count,
    maxPeers: Math.max(64, count),
    carriers: scenario.radios.map((radio, i) => planOf(radio, places, random.fork(`radio ${i}`))),
    timing: scenario.timing,
  });
  const { findings } = watchAll(world);
  const totalMs = scenario.durationMs + scenario.restMs;
  const recorder = new Recorder(world, totalMs);
  world.watch(recorder);
  const { mobility } = scenario;
  if (mobility) world.watch(walkersOf(world, scenario, mobility, places));
  const stage = new Stage(world, scenario);
  let shownAt = 0;
  const runTo = async (at: number): Promise<void> => {
    while (world.now < at) {
      await world.run(Math.min(PROGRESS_MS, at - world.now));
      if (world.now - shownAt < PROGRESS_MS) continue;
      shownAt = world.now;
      progress?.(world.now, totalMs);
    }
  };
  stage.raise();
  for (const event of eventsOf(scenario, seed)) {
    const at = 'act' in event ? event.act.atMs : event.fault.atMs;
    await runTo(Math.min(at, scenario.durationMs));
    if ('act' in event) stage.act(event.act);
    else stage.fault(event.fault);
  }
  await runTo(scenario.durationMs);
  const map = mapOf(world, places);
  stage.end();
  await runTo(totalMs);
  await world.finish(0);
  const figures = recorder.figures();
  const shortfalls = shortfallsOf(scenario.expect, figures, findings.total);
  return {
    scenario: scenario.name,
    seed,
    ok: shortfalls.length === 0,
    shortfalls,
    findings: { total: findings.total, list: findings.list },
    figures,
    map,
    trace: world.traceHash(),
  };
}

/** `places` follow them. */
function walkersOf(world: World, scenario: Scenario, plan: ScenarioMobility, places: Position[]): Observer {
  const { speedMps: speed, pauseMs, share } = plan;
  const movable: Movable = {
    get now() {
      return world.now;
    },
    move: (node, position) => {
      places[node] = position;
      world.move(node, position);
    },
  };
  const walks = { positions: [...places], speed, pauseMs, share, sideM: scenario.nodes.sideM };
  const mobility = new Mobility(movable, world.random.fork('mobility'), walks);
  // They stand still when the trouble is over.
  return {
    sampled: (now) => {
      if (now >= scenario.durationMs) mobility.stop();
      mobility.sampled(now);
    },
  };
}

/** Does to a world what a scenario says. */
class Stage {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #flooders: Flooder[] = [];

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
  }

  /** Starts the nodes, one after the other. */
  raise(): void {
    const { count, startOverMs } = this.#scenario.nodes;
    if (startOverMs === 0) {
      this.#world.start();
      return;
    }
    for (let node = 0; node < count; node++) this.#later((startOverMs * node) / count, () => this.#world.start(node));
  }

  act(act: Act): void {
    const world = this.#world;
    const { send, from, to, bytes, priority, ack, keepMs, name } = act;
    if (!world.ground.isUp(from)) return;
    switch (send) {
      case 'broadcast':
        world.broadcast(from, { bytes, priority });
        return;
      case 'alert':
        world.broadcast(from, { bytes, priority: Priority.Critical });
        return;
      case 'directed':
        world.send(from, to, { bytes, priority, ack, ...(keepMs !== undefined && { keep: true, lifeMs: keepMs }) });
        return;
      case 'record':
        world.put(from, name);
        return;
      case 'erase':
        world.erase(from, name);
        return;
      case 'state':
        world.patch(from, { fields: { fps: Math.floor(world.now / 1_000) % 60 } });
        return;
    }
  }

  fault(fault: Fault): void {
    const world = this.#world;
    switch (fault.do) {
      case 'crash':
        for (const node of fault.nodes) if (world.node(node).running) world.crash(node);
        return;
      case 'start':
        world.start(...fault.nodes);
        return;
      case 'stop':
        for (const node of fault.nodes) if (world.ground.isUp(node)) world.stop(node);
        return;
      case 'partition':
        world.partition(fault.groups);
        return;
      case 'heal':
        world.heal();
        return;
      case 'cut':
        world.cut(...fault.link);
        return;
      case 'join':
        world.join(...fault.link, fault.radio);
        return;
      case 'skew':
        for (const node of fault.nodes) world.skew(node, fault.aheadMs);
        return;
      case 'stall':
        for (const node of fault.nodes) world.stall(node, fault.forMs);
        return;
      case 'unplug':
        return this.#unplug(fault.radio, fault.nodes, fault.forMs);
      case 'flood':
        return this.#flood(fault);
    }
  }

  /** The trouble is over: what rests is to be sound. */
  end(): void {
    for (const flooder of this.#flooders) flooder.stop();
  }

  #unplug(radio: number, nodes: readonly number[], forMs: number): void {
    const air = this.#world.airs[radio];
    for (const node of nodes) {
      const address = this.#world.addressOf(node);
      air?.fail(address, 'unplugged');
      this.#later(forMs, () => air?.mend(address));
    }
  }

  #flood({ nodes, perSecond, bytes, forMs }: Extract<Fault, { do: 'flood' }>): void {
    for (const node of nodes) {
      const flooder = new Flooder(this.#world, { node, perSecond, bytes });
      flooder.start();
      this.#flooders.push(flooder);
      this.#later(forMs, () => flooder.stop());
    }
  }

  #later(ms: number, then: () => void): void {
    this.#world.clock.timer('scenario', ms, then);
  }
}

function mapOf(world: World, places: readonly Position[]): MeshMap {
  const links: MapLink[] = [];
  for (const node of world.present())
    for (const { phase, peer, carrier } of node.mesh.links.all()) {
      const other = peer === undefined ? -1 : world.indexOf(peer);
      if (phase === 'up' && other > node.index) links.push({ pair: [node.index, other], radio: carrier.index });
    }
  return { places, up: world.nodes.map(({ index }) => world.ground.isUp(index)), links };
}
