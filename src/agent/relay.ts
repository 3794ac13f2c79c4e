import { toHex } from '../core/bytes.js';
import type { NodeId } from '../core/ids.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Delivered } from '../mesh/types.js';
import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Radio, RadioCondition } from '../ports/radio.js';
import type { Events } from './events.js';
import { MeasuredLog } from './measured-log.js';
import type { RunnerAccess } from './mesh-access.js';
import type { RunnerRecords } from './records-access.js';
import type { NoticeEffect, RecordsEffect, RunnerEvents } from './runner.js';
import type { StorageCondition, StorageState } from './storage-condition.js';
import type { RunnerTrace } from './trace-access.js';
import { stateView } from './views.js';

/** Nodes the log has called by their ids alone, whose names it tells when they come; the oldest is forgotten. */
const NAMELESS_MAX = 256;

export interface RelayParts {
  readonly mesh: Mesh;
  readonly events: Events;
  readonly access: RunnerAccess;
  readonly records: RunnerRecords;
  readonly trace: RunnerTrace;
  readonly storage: StorageCondition;
  readonly log: Log;
  readonly clock: Clock;
}

/** Tells services and listeners what the engine did. */
export class Relay implements RunnerEvents {
  readonly #parts: RelayParts;
  readonly #nodes: MeasuredLog;
  readonly #links: MeasuredLog;
  readonly #faults: MeasuredLog;
  readonly #nameless = new Set<NodeId>();

  constructor(parts: RelayParts) {
    const { log, clock } = parts;
    this.#parts = parts;
    this.#nodes = new MeasuredLog(log, clock);
    this.#links = new MeasuredLog(log, clock);
    this.#faults = new MeasuredLog(log, clock);
  }

  deliver(message: Delivered): void {
    this.#parts.access.delivered(message);
  }

  records(effect: RecordsEffect): void {
    const { records, events } = this.#parts;
    records.effect(effect);
    if (effect.kind === 'evidence') {
      const author = this.#called(effect.author);
      this.#faults.say('warn', `node ${author} signed two contents under one stamp`, { node: effect.author });
      events.emit('health', { subject: `node ${effect.author}`, condition: 'equivocation' });
    }
    if (effect.kind !== 'changed' || effect.change === 'expired' || effect.hash.length === 0) return;
    const { type, node, observedAt } = effect.record;
    events.emit('detection', { change: effect.change, hash: toHex(effect.hash), type, node, observedAt });
  }

  notice(effect: NoticeEffect): void {
    const { mesh, events, access } = this.#parts;
    switch (effect.kind) {
      case 'outcome':
        return access.outcome(effect);
      case 'progress':
        return access.progress(effect);
      case 'receipt':
        return access.receipt(effect);
      case 'trail':
        return access.trail(effect);
      case 'trace':
        return this.#parts.trace.report(effect.token, effect.report);
      case 'peer':
        this.#nodes.say(
          'info',
          `node ${this.#called(effect.node)} ${effect.change}`,
          effect.reason === undefined ? undefined : { reason: effect.reason },
        );
        return events.emit('peer', {
          nodeId: effect.node,
          change: effect.change,
          name: mesh.states.get(effect.node)?.name ?? '',
          ...(effect.reason !== undefined && { reason: effect.reason }),
        });
      case 'link': {
        const { node, address, change, reason } = effect;
        const radio = mesh.context.carriers.get(effect.radio)?.name ?? '';
        this.#links.say('info', `link to ${this.#called(node)} over ${radio} is ${change}`, {
          address,
          ...(reason !== undefined && { reason }),
        });
        return events.emit('link', { nodeId: node, radio, address, change, ...(reason !== undefined && { reason }) });
      }
      case 'state': {
        const snapshot = mesh.states.get(effect.node);
        this.#introduce(effect.node, snapshot?.name ?? '');
        if (snapshot) events.emit('state', { nodeId: effect.node, state: stateView(snapshot) });
        return;
      }
      case 'suspect':
        this.#faults.say('warn', `node ${this.#called(effect.node)} is suspect: ${effect.what}`);
        return events.emit('health', { subject: `node ${effect.node}`, condition: 'suspect', detail: effect.what });
    }
  }

  /** For people: its name where it is known, and always its id, which nobody can choose. */
  #called(node: NodeId): string {
    const name = this.#parts.mesh.states.get(node)?.name ?? '';
    if (name !== '') return `${name} (${node})`;
    this.#nameless.add(node);
    if (this.#nameless.size > NAMELESS_MAX) this.#nameless.delete(this.#nameless.values().next().value as NodeId);
    return node;
  }

  #introduce(node: NodeId, name: string): void {
    if (name !== '' && this.#nameless.delete(node)) this.#nodes.say('info', `node ${node} is called ${name}`);
  }

  radio(radio: Radio, condition: RadioCondition, reason?: string): void {
    this.#parts.events.emit('health', {
      subject: `radio ${radio.name}`,
      condition,
      ...(reason !== undefined && { detail: reason }),
    });
  }

  storage(condition: StorageState, reason?: string): void {
    this.#parts.storage.set(condition, reason);
  }
}
