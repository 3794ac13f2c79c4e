import { fromUtf8, utf8 } from '../../core/bytes.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import type { MessageId } from '../../core/ids.js';
import { checkFields } from '../../core/known-fields.js';
import type { Clock } from '../../ports/clock.js';
import type { Store, StoreOp } from '../../ports/store.js';
import { Body, decode, encode } from '../../wire/bodies.js';
import { FrameType, type Priority } from '../../wire/frame-types.js';
import { faultOfJson } from '../json.js';
import type { DeliveredMessage, MeshAccess } from '../mesh-access.js';

/** Alerts remembered, on disk too; the oldest goes first. */
export const ALERTS_KEPT = 1_000;
export const ALERT_PAYLOAD_BYTES_MAX = 4_096;
const ALERT_TYPE_BYTES_MAX = 64;
/** The latest moment a JavaScript date can hold. */
const UNIX_MS_MAX = 8_640_000_000_000_000n;
const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;
const SPACE = 'alerts';
const PRIORITY_NAMES = ['critical', 'high', 'medium', 'low'] as const;

type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface Alert {
  readonly alertId: string;
  readonly node: string;
  readonly priority: (typeof PRIORITY_NAMES)[number];
  readonly type: string;
  readonly payload: JsonValue;
  readonly raisedAt: number;
  readonly receivedAt: number;
}

export interface AlertPage {
  readonly alerts: readonly Alert[];
  readonly nextCursor?: string;
}

interface Kept {
  /** Orders alerts by arrival; also the key on disk and the cursor. */
  readonly key: string;
  readonly alert: Alert;
  /** How long ago it had been raised when it came. */
  readonly ageMs: number;
}

export interface AlertsEvents {
  alert(alert: Alert): void;
  counted(reason: string): void;
  stored(): void;
  storeFailed(error: unknown): void;
}

/**
 * Alerts of the whole mesh: raised here they flood to everybody, and every node keeps the latest. Young ones are handed
 * to nodes that come into reach later.
 */
export class Alerts {
  readonly #mesh: MeshAccess;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #events: AlertsEvents;
  readonly #close: () => void;
  #kept: Kept[];
  /** Of those kept: a neighbour may hand on what is here. */
  readonly #ids = new Set<string>();
  #lastKey = 0;

  constructor(mesh: MeshAccess, clock: Clock, store: Store, events: AlertsEvents) {
    this.#mesh = mesh;
    this.#clock = clock;
    this.#store = store;
    this.#events = events;
    this.#kept = store.range(SPACE, { limit: ALERTS_KEPT, reverse: true }).flatMap(fromDisk).reverse();
    for (const { alert } of this.#kept) this.#ids.add(alert.alertId);
    this.#lastKey = Number.parseInt(this.#kept.at(-1)?.key ?? '0', 16) || 0;
    this.#close = mesh.onDelivered(FrameType.Alert, (message) => this.#received(message));
  }

  close(): void {
    this.#close();
  }

  /** The alert of this id, raised here or elsewhere, while it is kept. */
  get(alertId: string): Alert | undefined {
    return this.#ids.has(alertId) ? this.#kept.find(({ alert }) => alert.alertId === alertId)?.alert : undefined;
  }

  /** After a start: the alerts on disk are the mesh's again, for nodes that were away. It knows how old is too old. */
  restore(): void {
    const now = this.#clock.wall();
    for (const { alert, ageMs } of this.#kept) {
      const body = encode(Body.AlertSchema, {
        type: alert.type,
        payload: utf8(JSON.stringify(alert.payload)),
        raisedAtMs: BigInt(Math.floor(alert.raisedAt)),
      });
      const priority = PRIORITY_NAMES.indexOf(alert.priority) as Priority;
      // A clock that was set back since makes nothing young again.
      const since = Math.max(0, now - alert.receivedAt);
      this.#mesh.restoreAlert(alert.alertId as MessageId, body, { priority, ageMs: ageMs + since });
    }
  }

  /**
   * Resolves once it is on its way and on this node's disk. A disk that takes nothing does not hold an alert back: it
   * is kept in memory, and `storeFailed` tells.
   */
  async send(input: {
    readonly priority: Alert['priority'];
    readonly type: string;
    readonly payload?: JsonValue;
  }): Promise<Alert> {
    checkFields(input, ['priority', 'type', 'payload'], 'alert.field');
    if (!isType(input.type)) {
      const bytes = utf8(input.type).length;
      throw new EdgeError('alert.type', `an alert type has 1 to ${ALERT_TYPE_BYTES_MAX} bytes, this one ${bytes}`, {
        fix: 'choose a shorter name',
      });
    }
    if (!PRIORITY_NAMES.includes(input.priority)) {
      throw new EdgeError('alert.priority', `there is no priority ${JSON.stringify(input.priority)}`, {
        fix: `give one of ${PRIORITY_NAMES.join(', ')}`,
      });
    }
    const payload = bytesOf(input.payload ?? null);
    if (payload.length > ALERT_PAYLOAD_BYTES_MAX) {
      throw new EdgeError(
        'alert.payload',
        `the payload has ${payload.length} bytes, at most ${ALERT_PAYLOAD_BYTES_MAX} fit an alert`,
        {
          status: 413,
          fix: 'send the details as a message or a detection, and name it in the alert',
        },
      );
    }
    const raisedAt = this.#clock.wall();
    const body = encode(Body.AlertSchema, { type: input.type, payload, raisedAtMs: BigInt(Math.floor(raisedAt)) });
    const priority = PRIORITY_NAMES.indexOf(input.priority) as Priority;
    const id = this.#mesh.broadcast(FrameType.Alert, body, { priority });
    const alert: Alert = {
      alertId: id,
      node: this.#mesh.self,
      priority: input.priority,
      type: input.type,
      payload: input.payload ?? null,
      raisedAt,
      receivedAt: raisedAt,
    };
    await this.#keep(alert);
    return alert;
  }

  /** Newest first. */
  list(query: { readonly sinceAt?: number; readonly limit?: number; readonly cursor?: string } = {}): AlertPage {
    checkFields(query, ['sinceAt', 'limit', 'cursor'], 'alerts.field');
    const limit = query.limit ?? PAGE_DEFAULT;
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new EdgeError('alerts.limit', `limit is 1 to ${PAGE_MAX}, not ${limit}`, {
        fix: 'page through with cursor',
      });
    }
    const cursor = query.cursor;
    if (cursor !== undefined && !/^[0-9a-f]{14}$/.test(cursor)) {
      throw new EdgeError('request.cursor', 'this cursor is none of ours', {
        fix: 'give nextCursor of the page before',
      });
    }
    const since = query.sinceAt ?? 0;
    const matching = this.#kept.filter(
      ({ key, alert }) => alert.receivedAt >= since && (cursor === undefined || key < cursor),
    );
    const page = matching.slice(-limit).reverse();
    const more = matching.length > page.length;
    return { alerts: page.map(({ alert }) => alert), ...(more && { nextCursor: page.at(-1)?.key as string }) };
  }

  #received(message: DeliveredMessage): void {
    if (this.#ids.has(message.id)) return;
    const body = decode(Body.AlertSchema, message.body);
    const text = body && body.payload.length <= ALERT_PAYLOAD_BYTES_MAX ? fromUtf8(body.payload) : undefined;
    const payload = text === undefined ? undefined : parseJson(text);
    const isSound = body && payload && isType(body.type) && body.raisedAtMs <= UNIX_MS_MAX;
    if (!isSound) {
      this.#events.counted('alert.malformed');
      return;
    }
    const alert: Alert = {
      alertId: message.id,
      node: message.source,
      priority: PRIORITY_NAMES[message.priority] ?? 'medium',
      type: body.type,
      payload: payload.value,
      raisedAt: Number(body.raisedAtMs),
      receivedAt: this.#clock.wall(),
    };
    void this.#keep(alert, message.ageMs ?? 0);
  }

  async #keep(alert: Alert, ageMs = 0): Promise<void> {
    this.#lastKey = Math.max(Math.floor(alert.receivedAt), this.#lastKey + 1);
    const key = this.#lastKey.toString(16).padStart(14, '0');
    this.#kept.push({ key, alert, ageMs });
    this.#ids.add(alert.alertId);
    const ops: StoreOp[] = [{ op: 'put', space: SPACE, key, value: utf8(JSON.stringify({ ...alert, ageMs })) }];
    while (this.#kept.length > ALERTS_KEPT) {
      const oldest = this.#kept.shift() as Kept;
      this.#ids.delete(oldest.alert.alertId);
      ops.push({ op: 'delete', space: SPACE, key: oldest.key });
    }
    this.#events.alert(alert);
    try {
      await this.#store.batch(ops);
      this.#events.stored();
    } catch (error) {
      this.#events.storeFailed(error);
    }
  }
}

const isType = (type: string): boolean => type.length > 0 && utf8(type).length <= ALERT_TYPE_BYTES_MAX;

function bytesOf(payload: JsonValue): Uint8Array {
  const fix = 'give plain JSON';
  const fault = faultOfJson(payload);
  if (fault !== undefined) throw new EdgeError('alert.payload', `the payload ${fault}`, { fix });
  try {
    return utf8(JSON.stringify(payload));
  } catch (error) {
    throw new EdgeError('alert.payload', `the payload is no JSON: ${messageOf(error)}`, { fix });
  }
}

function parseJson(text: string): { readonly value: JsonValue } | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    return faultOfJson(value) === undefined ? { value } : undefined;
  } catch {
    return undefined;
  }
}

function fromDisk(entry: { readonly key: string; readonly value: Uint8Array }): Kept[] {
  const parsed = parseJson(fromUtf8(entry.value) ?? '');
  if (!parsed) return [];
  const { ageMs = 0, ...alert } = parsed.value as unknown as Alert & { readonly ageMs?: number };
  return [{ key: entry.key, alert, ageMs }];
}
