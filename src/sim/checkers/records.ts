import { toHex } from '../../core/bytes.js';
import type { WeaveEffect } from '../../replication/effects.js';
import type { ObservedNode, Observer, Recording } from '../observer.js';
import type { World } from '../world.js';
import type { Findings } from './findings.js';

/** A hash whose putting or erasing a node confirmed. */
interface Confirmed {
  readonly hash: Uint8Array;
  /** Nodes that confirmed it. */
  readonly by: Set<number>;
}

/** What was accepted is there at the end, at everybody who can reach one that accepted it; what was erased never comes back. */
export class RecordChecker implements Observer {
  readonly #world: World;
  readonly #findings: Findings;
  readonly #asked = new Map<number, Recording>();
  readonly #put = new Map<string, Confirmed>();
  readonly #erased = new Map<string, Confirmed>();
  /** By node and life: hashes it saw erased. */
  readonly #sawErased = new Map<string, Set<string>>();

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  recording(what: Recording): void {
    this.#asked.set(what.ticket, what);
  }

  records(node: ObservedNode, effect: WeaveEffect, now: number): void {
    if (effect.kind === 'settled') this.#settled(node, effect);
    if (effect.kind !== 'changed') return;
    const who = `${node.index}/${node.life}`;
    const erased = this.#sawErased.get(who) ?? new Set<string>();
    this.#sawErased.set(who, erased);
    const hash = toHex(effect.hash);
    if (effect.change === 'erased') erased.add(hash);
    else if (effect.change !== 'expired' && erased.has(hash)) this.#wrong(now, `at ${who} the erased ${hash} is back`);
  }

  finished(now: number): void {
    const { component } = this.#world.ground.latest;
    for (const node of this.#world.present()) {
      const near = (by: ReadonlySet<number>): boolean =>
        [...by].some((other) => component[other] === component[node.index]);
      for (const [name, { hash, by }] of this.#erased) {
        if (near(by) && node.weave.view.ofHash(hash, node.wall()).length > 0)
          this.#wrong(now, `node ${node.index} still holds the erased ${name}`);
      }
      for (const [name, { hash, by }] of this.#put) {
        if (!near(by) || this.#erased.has(name)) continue;
        if (node.weave.view.ofHash(hash, node.wall()).length === 0)
          this.#wrong(now, `node ${node.index} lacks ${name}, accepted by ${[...by].join(', ')}`);
      }
    }
  }

  #settled(node: ObservedNode, effect: Extract<WeaveEffect, { kind: 'settled' }>): void {
    const asked = this.#asked.get(effect.ticket);
    this.#asked.delete(effect.ticket);
    asked?.hashes.forEach((hash, i) => {
      const outcome = effect.results[i]?.outcome;
      if (outcome === undefined || outcome === 'refused') return;
      const into = asked.kind === 'put' ? this.#put : this.#erased;
      const confirmed = into.get(toHex(hash)) ?? { hash, by: new Set<number>() };
      into.set(toHex(hash), confirmed);
      confirmed.by.add(node.index);
    });
  }

  #wrong(now: number, what: string): void {
    this.#findings.add('records', now, what);
  }
}
