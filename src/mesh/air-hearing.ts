import type { NodeId } from '../core/ids.js';
import { aliasOf } from '../wire/compact.js';
import { type Aliased, readAliased, readWhole, writeHeard } from './air-lists.js';
import type { AirView, Earshot } from './air-policy.js';

/** Nodes heard over one air that are kept; beyond, the one unheard longest goes. */
export const HEARD_MAX = 256;
/** Chance that a neighbour is heard before its lists could be counted: less for one that is barely heard. */
const CHANCE_AT_FIRST = 0.9;
const CHANCE_OF_WEAK = 0.75;
const WEAK_DB = 3;
/** How much each list counts that came, or did not; of those that did not at most so many in a row. */
const LIST_WEIGHT = 0.12;
const MISSED_MAX = 6;
const CHANCE_MIN = 0.2;
const CHANCE_MAX = 0.97;

export interface Ear {
  heardAt: number;
  /** The chance that a frame of it is understood here. */
  chance: number;
  /** Of its last list, as it counts them. */
  number: number | undefined;
  /** Its last list, whom it hears and how surely. */
  list: readonly Aliased[] | undefined;
  whole: ReadonlyMap<NodeId, number>;
  /** Until it is heard again at the latest. */
  intervalMs: number | undefined;
  /** The chance that it hears us, as it said; `undefined` when it does not. */
  hearsUs: number | undefined;
  /** Lists of it in a row that did not name us. */
  unnamed: number;
}

/** What a Hearing says of whom its author hears. */
export interface HeardList {
  readonly heard: Uint8Array;
  readonly heardIds: Uint8Array;
  readonly intervalS: number;
  readonly number: number;
}

/** A mesh has settled when nobody new was heard for a while, longer where more are; and at the latest after so many. */
const SETTLES_SLOWER_BY = 4;
const SETTLES_AT_MOST = 20;

/** Who is heard over one slow air, how well, and whom those hear in turn. */
export class AirHearing implements AirView {
  readonly self: NodeId;
  readonly #floorDb: number | undefined;
  readonly #settleMs: number;
  readonly #startedAt: number;
  /** When somebody was last heard for the first time, or found to hear us. */
  #newsAt: number;
  readonly #ears = new Map<NodeId, Ear>();
  readonly #earshots = new Map<NodeId, Earshot>();
  #neighbours: Map<NodeId, number> | undefined;
  #byAlias: Map<number, NodeId | undefined> | undefined;

  constructor(self: NodeId, floorDb: number | undefined, settleMs: number, now: number) {
    this.#settleMs = settleMs;
    this.#startedAt = now;
    this.#newsAt = now;
    this.self = self;
    this.#floorDb = floorDb;
  }

  get size(): number {
    return this.#ears.size;
  }

  ears(): ReadonlyMap<NodeId, Ear> {
    return this.#ears;
  }

  ear(node: NodeId): Ear | undefined {
    return this.#ears.get(node);
  }

  /** A frame that `node` transmitted was heard; true when it is new here. */
  heard(node: NodeId, snrDb: number | undefined, now: number): boolean {
    if (node === this.self) return false;
    const ear = this.#ears.get(node);
    if (!ear) {
      this.#makeRoom();
      const whole = new Map<NodeId, number>();
      const isWeak = snrDb !== undefined && this.#floorDb !== undefined && snrDb < this.#floorDb + WEAK_DB;
      const chance = isWeak ? CHANCE_OF_WEAK : CHANCE_AT_FIRST;
      const unheard = {
        number: undefined,
        list: undefined,
        whole,
        intervalMs: undefined,
        hearsUs: undefined,
        unnamed: 0,
      };
      this.#ears.set(node, { heardAt: now, chance, ...unheard });
      this.#newsAt = now;
      this.#changed();
      return true;
    }
    ear.heardAt = now;
    return false;
  }

  /** The list of a node that was heard before: what it says of others, and of us. */
  listed(node: NodeId, { heard, heardIds, intervalS, number }: HeardList): boolean {
    const ear = this.#ears.get(node);
    const [list, ids] = [readAliased(heard), readWhole(heardIds)];
    if (!ear || !list || !ids) return false;
    ear.list = list;
    ear.whole = ids;
    ear.intervalMs = intervalS * 1_000;
    count(ear, number);
    const alias = aliasOf(this.self);
    const named = ids.get(this.self) ?? list.find((each) => each.alias === alias && this.#isOnly(alias))?.chance;
    if (named !== undefined && ear.hearsUs === undefined) this.#newsAt = ear.heardAt;
    ear.hearsUs = named;
    ear.unnamed = named === undefined ? ear.unnamed + 1 : 0;
    this.#changed();
    return true;
  }

  forget(node: NodeId): void {
    if (this.#ears.delete(node)) this.#changed();
  }

  settledAt(now: number): number {
    const latest = this.#startedAt + SETTLES_AT_MOST * this.#settleMs;
    if (now >= latest) return now;
    const quietAt = this.#newsAt + this.#settleMs * (1 + this.#ears.size / SETTLES_SLOWER_BY);
    return Math.max(now, Math.min(latest, quietAt));
  }

  get isBlind(): boolean {
    for (const { list } of this.#ears.values()) if (list) return false;
    return true;
  }

  get neighbours(): Earshot {
    if (!this.#neighbours) {
      this.#neighbours = new Map();
      for (const [node, { hearsUs }] of this.#ears) if (hearsUs !== undefined) this.#neighbours.set(node, hearsUs);
    }
    return this.#neighbours;
  }

  /** Who hears `node`: who says so, this node if it does, and of those whose lists are not known the ones it hears itself. */
  earshot(node: NodeId): Earshot | undefined {
    const known = this.#earshots.get(node);
    if (known) return known;
    const ear = this.#ears.get(node);
    if (!ear?.list) return undefined;
    const hearers = new Map<NodeId, number>([[this.self, ear.chance]]);
    const alias = aliasOf(node);
    for (const [id, theirs] of this.#ears) {
      const chance = theirs.whole.get(node) ?? theirs.list?.find((each) => each.alias === alias)?.chance;
      if (chance !== undefined) hearers.set(id, chance);
    }
    for (const [id, chance] of this.#resolved(ear))
      if (id !== this.self && this.#ears.get(id)?.list === undefined) hearers.set(id, chance);
    this.#earshots.set(node, hearers);
    return hearers;
  }

  /** This node's own list, of those heard since `since`, the best first, in at most so many bytes. */
  ownList(since: number, bytesMax: number): { heard: Uint8Array; heardIds: Uint8Array } {
    const heard: { node: NodeId; chance: number; whole: boolean }[] = [];
    for (const [node, ear] of this.#ears) {
      if (ear.heardAt < since) continue;
      heard.push({ node, chance: ear.chance, whole: !this.#isOnly(aliasOf(node)) });
    }
    return writeHeard(
      heard.sort((a, b) => b.chance - a.chance),
      bytesMax,
    );
  }

  *#resolved(ear: Ear): Iterable<[NodeId, number]> {
    for (const { alias, chance } of ear.list ?? []) yield [this.#nodeOf(alias), chance];
    yield* ear.whole;
  }

  /** The node heard here that has this alias, else a name for one that is not. */
  #nodeOf(alias: number): NodeId {
    return this.#aliases().get(alias) ?? (`?${alias.toString(16).padStart(4, '0')}` as NodeId);
  }

  #isOnly(alias: number): boolean {
    const aliases = this.#aliases();
    return !aliases.has(alias) || aliases.get(alias) !== undefined;
  }

  #aliases(): Map<number, NodeId | undefined> {
    if (!this.#byAlias) {
      this.#byAlias = new Map([[aliasOf(this.self), this.self]]);
      for (const node of this.#ears.keys()) {
        const alias = aliasOf(node);
        this.#byAlias.set(alias, this.#byAlias.has(alias) ? undefined : node);
      }
    }
    return this.#byAlias;
  }

  #changed(): void {
    this.#neighbours = undefined;
    this.#byAlias = undefined;
    this.#earshots.clear();
  }

  #makeRoom(): void {
    if (this.#ears.size < HEARD_MAX) return;
    let longest: NodeId | undefined;
    let since = Number.POSITIVE_INFINITY;
    for (const [node, { heardAt }] of this.#ears) {
      if (heardAt >= since) continue;
      longest = node;
      since = heardAt;
    }
    if (longest !== undefined) this.#ears.delete(longest);
  }
}

/** Lists that came, and those in between that did not. */
function count(ear: Ear, number: number): void {
  const missed = ear.number === undefined ? 0 : Math.max(0, number - ear.number - 1);
  ear.number = number;
  for (let i = 0; i < Math.min(MISSED_MAX, missed); i++) ear.chance *= 1 - LIST_WEIGHT;
  ear.chance += (1 - ear.chance) * LIST_WEIGHT;
  ear.chance = Math.max(CHANCE_MIN, Math.min(CHANCE_MAX, ear.chance));
}
