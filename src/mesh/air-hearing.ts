import type { NodeId } from '../core/ids.js';
import { aliasOf } from '../wire/compact.js';
import {
  ALIASED_BYTES,
  type Aliased,
  ONE_WAY_BYTES,
  type OneWay,
  readAliased,
  readOneWay,
  readWhole,
  writeAliased,
  writeHeard,
  writeOneWay,
} from './air-lists.js';
import type { AirView, Earshot } from './air-policy.js';
import { OneWayLinks } from './one-way-links.js';

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
  /** Who hears it without being heard by it, as it said. */
  reached: readonly Aliased[];
  /** By which its frames arrive above the floor, in dB, where that is measured. */
  marginDb: number | undefined;
}

/** What a Hearing says of whom its author hears. */
interface HeardList {
  readonly heard: Uint8Array;
  readonly heardIds: Uint8Array;
  readonly reached: Uint8Array;
  readonly unaware: Uint8Array;
  readonly intervalS: number;
  readonly number: number;
}

/** How far back a list goes: so many intervals of those it names, of the usual ones at least. */
export interface ListWindow {
  readonly intervals: number;
  readonly usualMs: number;
}

/** Nodes that hear us unheard, so long after somebody said so; at most so many. */
const REACHED_MS = 7_200_000;
const REACHED_MAX = 32;
/** Links in one direction that one list tells of. */
const UNAWARE_MAX = 6;
/** Lists in a row that leave us out until others are asked to tell their author that it is heard. */
const UNNAMED_TOLD = 2;

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
  /** By alias: those that hear us unheard. */
  readonly #reached = new Map<number, { chance: number; until: number }>();
  /** Between others that do not both hear this node. */
  readonly #passedOn = new OneWayLinks();
  /** Where the next list begins to tell of links in one direction. */
  #toldOf = 0;
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
        reached: [],
        marginDb: this.#marginOf(snrDb),
      };
      this.#ears.set(node, { heardAt: now, chance, ...unheard });
      this.#newsAt = now;
      this.#changed();
      return true;
    }
    ear.heardAt = now;
    const marginDb = this.#marginOf(snrDb);
    if (marginDb !== undefined) ear.marginDb = (ear.marginDb ?? marginDb) * 0.8 + marginDb * 0.2;
    return false;
  }

  #marginOf(snrDb: number | undefined): number | undefined {
    return snrDb === undefined || this.#floorDb === undefined ? undefined : snrDb - this.#floorDb;
  }

  marginDb(node: NodeId): number | undefined {
    return this.#ears.get(node)?.marginDb;
  }

  /** The list of a node that was heard before: what it says of others, and of us. */
  listed(node: NodeId, { heard, heardIds, reached, unaware, intervalS, number }: HeardList, now: number): boolean {
    const ear = this.#ears.get(node);
    const [list, ids, theirs, links] = [
      readAliased(heard),
      readWhole(heardIds),
      readAliased(reached),
      readOneWay(unaware),
    ];
    if (!ear || !list || !ids || !theirs || !links) return false;
    ear.reached = theirs;
    for (const link of links) {
      if (link.from === aliasOf(this.self)) this.#reach(link, now);
      else if (this.#isToPassOn(link, node)) this.#passedOn.told(link, now);
    }
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

  #reach({ to, chance }: OneWay, now: number): void {
    this.#reached.delete(to);
    this.#reached.set(to, { chance, until: now + REACHED_MS });
    if (this.#reached.size > REACHED_MAX) this.#reached.delete(this.#reached.keys().next().value as number);
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

  distanceFrom(node: NodeId): number | undefined {
    if (this.#ears.has(node)) return 1;
    const alias = aliasOf(node);
    const isUnique = this.#isOnly(alias);
    for (const { whole, list } of this.#ears.values())
      if (whole.has(node) || (isUnique && list?.some((each) => each.alias === alias))) return 2;
    return undefined;
  }

  get isBlind(): boolean {
    for (const { list } of this.#ears.values()) if (list) return false;
    return true;
  }

  get neighbours(): Earshot {
    if (!this.#neighbours) {
      this.#neighbours = new Map();
      for (const [node, { hearsUs }] of this.#ears) if (hearsUs !== undefined) this.#neighbours.set(node, hearsUs);
      for (const [alias, { chance }] of this.#reached) {
        const node = this.#nodeOf(alias);
        if (node !== this.self && !this.#ears.has(node)) this.#neighbours.set(node, chance);
      }
    }
    return this.#neighbours;
  }

  /** Whether the last list of a node that is heard here names another one. */
  isNamed(by: NodeId, node: NodeId): boolean {
    const ear = this.#ears.get(by);
    return ear !== undefined && names(ear, node);
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
    for (const { alias: hearer, chance } of ear.reached) {
      const id = this.#nodeOf(hearer);
      if (id !== this.self && !hearers.has(id)) hearers.set(id, chance);
    }
    this.#earshots.set(node, hearers);
    return hearers;
  }

  /** This node's own list, of those heard of late, the best first, in at most so many bytes. */
  ownList(
    window: ListWindow,
    bytesMax: number,
    now: number,
  ): Pick<HeardList, 'heard' | 'heardIds' | 'reached' | 'unaware'> {
    for (const [alias, { until }] of this.#reached) if (until <= now) this.#reached.delete(alias);
    const reached = [...this.#reached]
      .map(([alias, { chance }]) => ({ alias, chance }))
      .filter(({ alias }) => !this.#ears.has(this.#nodeOf(alias)));
    const isRecent = ({ heardAt, intervalMs = 0 }: Ear): boolean =>
      heardAt >= now - window.intervals * Math.max(window.usualMs, intervalMs);
    const unaware = this.#unaware(isRecent, now);
    const oneWayBytes = reached.length * ALIASED_BYTES + unaware.length * ONE_WAY_BYTES;
    const heard: { node: NodeId; chance: number; whole: boolean }[] = [];
    for (const [node, ear] of this.#ears) {
      if (!isRecent(ear)) continue;
      heard.push({ node, chance: ear.chance, whole: !this.#isOnly(aliasOf(node)) });
    }
    const best = heard.sort((a, b) => b.chance - a.chance);
    return {
      ...writeHeard(best, bytesMax - oneWayBytes),
      reached: writeAliased(reached),
      unaware: writeOneWay(unaware),
    };
  }

  /**
   * Links in one direction: who is heard there cannot know it. Between two that are heard here; to this node; and, for those that no third node hears
   * both ends of, what the hearer says of itself, passed on to whoever hears the other. Some at a time.
   */
  #unaware(isRecent: (ear: Ear) => boolean, now: number): OneWay[] {
    const found: OneWay[] = [];
    for (const [to, hearer] of this.#ears) {
      if (!isRecent(hearer) || !this.#isOnly(aliasOf(to))) continue;
      if (hearer.unnamed >= UNNAMED_TOLD && hearer.hearsUs === undefined && !isTold(hearer, aliasOf(this.self)))
        found.push({ from: aliasOf(to), to: aliasOf(this.self), chance: hearer.chance });
      for (const { alias, chance } of hearer.list ?? []) {
        const from = this.#nodeOf(alias);
        const ear = this.#ears.get(from);
        if (!ear?.list || !isRecent(ear) || names(ear, to) || isTold(ear, aliasOf(to))) continue;
        found.push({ from: alias, to: aliasOf(to), chance });
      }
    }
    const isNew = ({ from, to }: OneWay): boolean => !found.some((each) => each.from === from && each.to === to);
    found.push(...this.#passedOn.list(now, (link) => this.#isWorthTelling(link)).filter(isNew));
    const start = found.length > UNAWARE_MAX ? this.#toldOf % found.length : 0;
    this.#toldOf += UNAWARE_MAX;
    return [...found.slice(start), ...found.slice(0, start)].slice(0, UNAWARE_MAX);
  }

  /** What its hearer says itself goes on, and from there to whom it is about: no further, so that it ends when its hearer does. */
  #isToPassOn({ from, to }: OneWay, by: NodeId): boolean {
    const [teller, end] = [this.#ears.get(by), this.#nodeOf(from)];
    return to === aliasOf(by) || (this.#ears.has(end) && teller !== undefined && !names(teller, end));
  }

  #isWorthTelling({ from, to }: OneWay): boolean {
    const ear = this.#ears.get(this.#nodeOf(from));
    return !ear?.list?.some(({ alias }) => alias === to) && !(ear && isTold(ear, to));
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

const names = ({ list, whole }: Ear, node: NodeId): boolean =>
  whole.has(node) || (list ?? []).some(({ alias }) => alias === aliasOf(node));

/** Whether its list says that it knows who hears it unheard. */
const isTold = ({ reached }: Ear, alias: number): boolean => reached.some((each) => each.alias === alias);
