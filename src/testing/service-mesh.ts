import { toHex } from '../core/bytes.js';
import { type MessageId, type NodeId, nodeIdBytes } from '../core/ids.js';
import { createHotPath } from '../native/hot-path.js';
import type { Clock } from '../ports/clock.js';
import type { HotPath } from '../ports/hot-path.js';
import type { Outcome } from '../replication/effects.js';
import { Detections } from '../services/detections/detections.js';
import { IndexKeeper } from '../services/detections/index-keeper.js';
import type { DeliveredMessage, MeshAccess } from '../services/mesh-access.js';
import type { RecordChange, RecordsAccess } from '../services/records-access.js';
import { Search } from '../services/search/search.js';
import { type SpaceConfig, Spaces } from '../services/spaces.js';
import type { FrameType } from '../wire/frame-types.js';
import { crypto, type NetNode, WeaveNet } from './weave-net.js';

export interface ServiceNode {
  readonly net: NetNode;
  readonly clock: Clock;
  readonly mesh: MeshAccess;
  readonly records: RecordsAccess;
  readonly spaces: Spaces;
  readonly keeper: IndexKeeper;
  readonly detections: Detections;
  readonly search: Search;
  readonly counts: Map<string, number>;
  /** When false, others' messages do not reach it. */
  hears: boolean;
  deliver(type: FrameType, message: DeliveredMessage): void;
}

const DELIVERY_MS = 5;

/** Nodes with detections and search over weaves, on virtual time; messages arrive whole, in order, 5 ms later. */
export class ServiceMesh {
  readonly net: WeaveNet;
  readonly nodes: ServiceNode[] = [];
  readonly #hotPath: HotPath = createHotPath({ kind: 'js' });
  readonly #spaces: readonly SpaceConfig[];
  #sequence = 0;

  constructor(seed: number | string, spaces: readonly SpaceConfig[] = []) {
    this.net = new WeaveNet({ seed });
    this.#spaces = spaces;
  }

  add(options: Parameters<WeaveNet['add']>[0] = {}): ServiceNode {
    return this.serve(this.net.add(options));
  }

  /** Services for a node that is there already, as after a restart. */
  serve(net: NetNode): ServiceNode {
    const clock = this.#clock(net);
    const records = this.#records(net);
    const spaces = new Spaces(crypto, this.#spaces);
    const keeper = new IndexKeeper({ hotPath: this.#hotPath, spaces, records, clock, capacity: 10_000 });
    const counts = new Map<string, number>();
    const counted = (reason: string): void => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const listeners = new Map<FrameType, Set<(message: DeliveredMessage) => void>>();
    const mesh = this.#access(net.id, listeners);
    const node: ServiceNode = {
      net,
      clock,
      mesh,
      records,
      spaces,
      keeper,
      counts,
      hears: true,
      detections: new Detections(records, spaces, clock),
      search: new Search({ mesh, records, spaces, source: keeper, clock, crypto, counted }),
      deliver: (type, message) => {
        for (const listener of listeners.get(type) ?? []) listener(message);
      },
    };
    this.nodes.push(node);
    return node;
  }

  /** Runs virtual time until the promise settles. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    promise.then(end, end);
    while (!done) await this.net.run(5);
    return await promise;
  }

  #clock(node: NetNode): Clock {
    return {
      now: () => this.net.now,
      wall: () => this.net.wall(node),
      timer: (_name, delayMs, fn) => {
        let live = true;
        this.net.after(Math.max(delayMs, 0), () => live && fn());
        return {
          cancel: () => {
            live = false;
          },
        };
      },
    };
  }

  #records(node: NetNode): RecordsAccess {
    const waiting = new Map<number, (results: readonly Outcome[]) => void>();
    const listeners = new Set<(change: RecordChange) => void>();
    node.listeners.push((effect) => {
      if (effect.kind === 'settled') waiting.get(effect.ticket)?.(effect.results);
      if (effect.kind === 'changed') for (const listener of listeners) listener(effect);
    });
    // A refusal settles within the call, before its ticket is known here.
    const call = (ticket: number): Promise<readonly Outcome[]> =>
      new Promise((done) => {
        const settled = node.settled.get(ticket);
        if (settled) done(settled.results);
        else waiting.set(ticket, done);
      });
    return {
      get view() {
        return node.weave.view;
      },
      put: (drafts) => call(this.net.put(node, drafts)),
      erase: async (hash) => (await call(this.net.erase(node, hash)))[0] as Outcome,
      onChanged: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  #access(self: NodeId, listeners: Map<FrameType, Set<(message: DeliveredMessage) => void>>): MeshAccess {
    const send = (
      targets: readonly ServiceNode[],
      type: FrameType,
      body: Uint8Array,
      directed: boolean,
      options: { readonly priority: DeliveredMessage['priority'] },
      begin?: (id: MessageId) => void,
    ): MessageId => {
      const sequence = (++this.#sequence).toString(16).padStart(12, '0');
      const id = (toHex(nodeIdBytes(self)) + sequence) as MessageId;
      begin?.(id);
      const message = { id, source: self, body, hops: 1, priority: options.priority, directed };
      for (const target of targets)
        this.net.after(DELIVERY_MS, () => {
          if (target.hears) target.deliver(type, message);
        });
      return id;
    };
    return {
      self,
      members: () => this.nodes.filter(({ net }) => net.up).map(({ net }) => net.id),
      broadcast: (type, body, options, begin) =>
        send(
          this.nodes.filter(({ net }) => net.id !== self),
          type,
          body,
          false,
          options,
          begin,
        ),
      send: (to, type, body, options, begin) =>
        send(
          this.nodes.filter(({ net }) => net.id === to),
          type,
          body,
          true,
          options,
          begin,
        ),
      restoreAlert: () => {},
      onDelivered: (type, fn) => {
        const set = listeners.get(type) ?? new Set();
        listeners.set(type, set.add(fn));
        return () => set.delete(fn);
      },
    };
  }
}

export const vectorOf = (random: { below(bound: number): number }, dimension: number): Float32Array =>
  Float32Array.from({ length: dimension }, () => (random.below(20_001) - 10_000) / 10_000 || 0.5);
