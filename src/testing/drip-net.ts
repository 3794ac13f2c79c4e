import type { NodeId } from '../core/ids.js';
import { Drip } from '../mesh/drip.js';
import { type DripItem, DripKind } from '../mesh/drip-items.js';
import { FrameType } from '../wire/frame-types.js';
import { at, nodeNamed, type TestContext, testContext, testRandom } from './builders.js';

export interface DripMember {
  readonly id: NodeId;
  readonly drip: Drip;
  readonly context: TestContext;
  readonly taken: string[];
}

/** Drips in virtual time: messages take 2 ms between neighbours, some are lost. */
export class DripNet {
  readonly members: DripMember[] = [];
  readonly #edges = new Set<string>();
  #mail: { readonly at: number; readonly run: () => void }[] = [];
  readonly #random = testRandom('net');
  sent = { [FrameType.Drip as number]: 0, [FrameType.DripHashes]: 0, [FrameType.DripRequest]: 0 } as Record<
    number,
    number
  >;
  lossy = 0;
  /** When there is airtime to spare for what trickles; always, when absent. */
  spareAt: number | undefined;
  onAir = false;
  readonly toldOnAir: string[] = [];
  now = 0;
  readonly changing = new Set<NodeId>();

  add(n: number): DripMember {
    const id = nodeNamed(n);
    const context = testContext({ random: testRandom(n) });
    const taken: string[] = [];
    const drip: Drip = new Drip(context, {
      hears: (a, b) => this.#edges.has(`${a}${b}`),
      neighbours: () => this.members.map((member) => member.id).filter((other) => this.#edges.has(`${id}${other}`)),
      spread: () => {},
      heardAgain: () => {},
      tellOnAir: (item, to) => this.onAir && this.toldOnAir.push(`${item.source}:${item.rank} ${to}`) > 0,
      isOurs: () => true,
      isChanging: () => this.changing.has(id),
      isWithUs: () => true,
      spareAt: (_peer, now) => this.spareAt ?? now.mono,
      send: (peer, type, body) => this.#send(id, peer, type, body),
      take: (kind, item, from) => {
        const rank = BigInt(item.body[0] ?? 0);
        const held = drip.rankOf(kind, item.source);
        if (drip.answerStale(item.source, rank, from, at(this.now))) return undefined;
        if (held !== undefined && held >= rank) return undefined;
        if (item.source === id) return undefined;
        taken.push(`${item.source}:${rank}`);
        return rank;
      },
    });
    const member = { id, drip, context, taken };
    this.members.push(member);
    return member;
  }

  join(a: DripMember, b: DripMember, tell = true): void {
    this.#edges.add(`${a.id}${b.id}`).add(`${b.id}${a.id}`);
    if (!tell) return;
    a.drip.neighbourUp(b.id, at(this.now));
    b.drip.neighbourUp(a.id, at(this.now));
  }

  run(ms: number): void {
    for (const end = this.now + ms; ; ) {
      const times = [
        ...this.#mail.map((mail) => mail.at),
        ...this.members.map(({ drip }) => drip.nextDeadline() ?? Infinity),
      ];
      const next = Math.max(this.now, Math.min(...times));
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = next;
      const due = this.#mail.filter((mail) => mail.at <= next);
      this.#mail = this.#mail.filter((mail) => mail.at > next);
      for (const { run } of due) run();
      for (const { drip } of this.members) drip.tick(at(next));
    }
  }

  #send(from: NodeId, to: NodeId, type: FrameType, body: Uint8Array): void {
    this.sent[type] = (this.sent[type] ?? 0) + 1;
    if (this.#random.chance(this.lossy)) return;
    const member = this.members.find((each) => each.id === to);
    this.#mail.push({ at: this.now + 2, run: () => member?.drip.received(from, type, body, at(this.now)) });
  }
}

/** One of the node, with its rank as sequence and first byte. */
export const dripItem = (source: NodeId, rank: number, kind: DripKind = DripKind.State): DripItem => ({
  kind,
  source,
  saltHint: 1,
  sequence: rank,
  rank: BigInt(rank),
  body: Uint8Array.of(rank, 1, 2),
});

/** Neighbours in a row, long settled. */
export function dripLine(nodes: number): DripNet {
  const net = new DripNet();
  for (let i = 1; i <= nodes; i++) net.add(i);
  for (let i = 1; i < nodes; i++) net.join(net.members[i - 1] as DripMember, net.members[i] as DripMember);
  net.run(3_000);
  return net;
}
