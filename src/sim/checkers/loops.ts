import { dedupKeyOf } from '../../wire/frame.js';
import { FIRST_FAR_TYPE } from '../../wire/frame-types.js';
import { Flag, Offset } from '../../wire/header.js';
import type { ObservedNode, Observer, Transmission } from '../observer.js';
import type { World } from '../world.js';
import type { Findings } from './findings.js';

/** Transmissions of one frame to one neighbour: the tries of a hop, once more for each time the link failed. */
const TRANSMISSIONS_MAX = 32;
/** Frames older than this are not seen any more. */
const FORGET_MS = 60_000;

interface Passage {
  readonly at: number;
  /** As it left over links: always the copy that came first. */
  hops: number | undefined;
  /** As it left over slow air: the best copy heard so far, so ever fewer. */
  hopsOnAir: number | undefined;
  readonly to: Map<string, number>;
}

/**
 * Each frame leaves a node in one version only (so it was relayed once), and never takes more hops than there are nodes. Over slow air, where a node
 * may say it again minutes later, it is the version that came the shortest way by then.
 */
export class LoopChecker implements Observer {
  readonly #world: World;
  readonly #findings: Findings;
  /** By node and life, then by dedup key, in order of first transmission. */
  readonly #passages = new Map<string, Map<string, Passage>>();

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  transmitted(node: ObservedNode, { radio, frame: form, to = '*' }: Transmission, now: number): void {
    if ((form[Offset.Type] as number) < FIRST_FAR_TYPE) return;
    const frame = this.#world.fullFrame(form);
    const hops = frame[Offset.Hops] as number;
    const key = dedupKeyOf(frame);
    const passages = this.#of(`${node.index}/${node.life}`, now);
    const passage = passages.get(key) ?? { at: now, hops: undefined, hopsOnAir: undefined, to: new Map() };
    passages.set(key, passage);
    // A part of a fragment, cut again for a narrow link, may begin where a fragment does that came another way.
    const mayDiffer = this.#world.carriers.length > 1 && (frame[Offset.Flags] as number) & Flag.Fragment;
    const isAir = this.#world.carriers[radio]?.lora !== undefined && to === '*';
    const before = isAir ? (passage.hopsOnAir ?? passage.hops ?? hops) : (passage.hops ?? hops);
    const isOdd = isAir ? hops > before : hops !== before || hops < (passage.hopsOnAir ?? 0);
    if (isOdd && !mayDiffer)
      this.#wrong(now, `node ${node.index} relayed ${key} after ${passage.hops ?? passage.hopsOnAir} and ${hops} hops`);
    if (isAir) passage.hopsOnAir = Math.min(before, hops);
    else passage.hops ??= hops;
    if (hops > this.#world.ground.longestPath) this.#wrong(now, `${key} is at its hop ${hops}`);
    const times = (passage.to.get(to) ?? 0) + 1;
    passage.to.set(to, times);
    if (times === TRANSMISSIONS_MAX) this.#wrong(now, `node ${node.index} sent ${key} to ${to} ${times} times`);
  }

  #of(who: string, now: number): Map<string, Passage> {
    const passages = this.#passages.get(who) ?? new Map<string, Passage>();
    this.#passages.set(who, passages);
    for (const [key, { at }] of passages) {
      if (now - at < FORGET_MS) break;
      passages.delete(key);
    }
    return passages;
  }

  #wrong(now: number, what: string): void {
    this.#findings.add('loops', now, what);
  }
}
