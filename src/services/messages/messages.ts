import { fromHex } from '../../core/bytes.js';
import { EdgeError, messageOf } from '../../core/errors.js';
import { type MessageId, messageIdOf, type NodeId, parseMessageId, parseNodeId } from '../../core/ids.js';
import { checkFields } from '../../core/known-fields.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Store } from '../../ports/store.js';
import { Body, decode, encode } from '../../wire/bodies.js';
import { FrameType, Priority } from '../../wire/frame-types.js';
import type { DeliveredMessage } from '../mesh-access.js';
import { Acceptance } from './acceptance.js';
import { busy, codeFrom, expired, noAnswer, refused, stopped, unknown } from './faults.js';
import { Inbox } from './inbox.js';
import type { Answer, Handler, MessagesEvents, Received, SendInput, Sent } from './message.js';
import type { MessagesMesh, Outcome, Waypoint } from './messages-mesh.js';
import {
  checkType,
  decodePayload,
  encodePayload,
  type JsonValue,
  LARGE_PAYLOAD_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  type PayloadInput,
  TYPE_BYTES_MAX,
} from './payload.js';
import type { Story } from './story.js';
import { Telling } from './telling.js';
import { checkPriority, lifeOf, PRIORITY_NAMES, waitOf } from './terms.js';

/** Questions that wait for an answer from elsewhere, and ones from elsewhere that wait for one from here. */
const OPEN_QUERIES_MAX = 1_024;
const HANDLERS_MAX = 256;
const SEND_FIELDS = ['to', 'type', 'payload', 'payloadBase64', 'priority', 'ack', 'timeoutMs'];
/** What is told of a fault elsewhere. */
const FAULT_CHARS_MAX = 200;
/** How long a question from elsewhere may be answered by `respond`. */
const RESPOND_WITHIN_MS = 600_000;

interface OpenQuery {
  readonly to: NodeId;
  readonly startedAt: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: EdgeError) => void;
  readonly timer: Timer;
}

/** Messages of the users' own types: to one node or all, with acknowledgement, question and answer. */
export class Messages {
  readonly #mesh: MessagesMesh;
  readonly #clock: Clock;
  readonly #events: MessagesEvents;
  readonly #stories: Telling;
  readonly #handlers = new Map<string, Handler>();
  readonly #acceptance: Acceptance;
  readonly #inbox: Inbox;
  readonly #waiting = new Map<MessageId, (outcome: Outcome) => void>();
  readonly #asked = new Map<MessageId, OpenQuery>();
  readonly #toAnswer = new Map<MessageId, { readonly from: NodeId; readonly timer: Timer }>();
  readonly #close: (() => void)[];

  constructor(mesh: MessagesMesh, clock: Clock, store: Store, events: MessagesEvents) {
    this.#acceptance = new Acceptance(clock);
    this.#inbox = new Inbox(store, () => events.counted('inbox.store'));
    this.#stories = new Telling(store, clock, events, (node) => mesh.members().includes(node));
    this.#mesh = mesh;
    this.#clock = clock;
    this.#events = events;
    this.#handlers.set('edge.ping', (message) => message.payload);
    this.#close = [
      mesh.onDelivered(FrameType.Message, (message) => this.#received(message, false)),
      mesh.onDelivered(FrameType.Query, (message) => this.#received(message, true)),
      mesh.onDelivered(FrameType.Response, (message) => this.#answered(message)),
      mesh.onOutcome((outcome) => this.#outcome(outcome)),
      mesh.onProgress(({ id, doneBytes, totalBytes }) => this.#stories.progress(id, { doneBytes, totalBytes })),
      mesh.onTrail((trail) => this.#stories.trail(trail)),
      mesh.onWaypoint((waypoint) => this.#waypoint(waypoint)),
    ];
  }

  close(): void {
    for (const close of this.#close) close();
    this.#stories.flush();
    for (const query of this.#toAnswer.values()) query.timer.cancel();
    for (const id of [...this.#asked.keys()]) this.#settle(id)?.reject(stopped());
    this.#acceptance.close();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [id, tell] of waiting) tell({ id, outcome: 'refused', code: 'agent.stopped' });
  }

  send(input: SendInput): Sent {
    let accepted = Promise.resolve();
    const messageId = this.#send(FrameType.Message, input, {
      lifeMs: lifeOf(input),
      prepare: (id) => {
        if (this.#isKept(input)) accepted = this.#acceptance.of(id);
      },
    });
    // Who does not look at it is not to be disturbed by it.
    accepted.catch(() => undefined);
    return { messageId, accepted };
  }

  sendAndWait(input: SendInput): Promise<Story> {
    if (input.to === '*') {
      throw new EdgeError('message.broadcast', 'a broadcast has no single delivery to wait for', {
        fix: 'use send, or name a node',
      });
    }
    return new Promise((resolve, reject) => {
      const tell = ({ id, outcome, code }: Outcome): void => {
        const story = this.#stories.get(id);
        if (outcome === 'delivered' && story) resolve(story);
        else reject(outcome === 'expired' ? expired(id, input.to) : refused(id, code));
      };
      // Before it is sent: a mesh that is busy refuses at once.
      const prepare = (id: MessageId): void => void this.#waiting.set(id, tell);
      this.#send(FrameType.Message, { ...input, ack: true }, { lifeMs: waitOf(input), prepare });
    });
  }

  /** Of a message sent from here, or one that came here lately. Throws `message.unknown` (404). */
  story(messageId: string): Story {
    const story = this.#stories.find(messageId);
    if (story) return story;
    throw unknown(messageId);
  }

  has(messageId: string): boolean {
    return this.#stories.find(messageId) !== undefined;
  }

  /** The bytes of a large message that came here. */
  payload(messageId: string): Uint8Array {
    const id = parseMessageId(messageId);
    const payload = id && this.#inbox.get(id);
    if (payload) return payload;
    throw new EdgeError('payload.unknown', `no large payload of ${messageId} is here`, {
      status: 404,
      fix: 'smaller ones stand in the message event; the oldest large ones are let go first',
    });
  }

  query(input: SendInput): Promise<Answer> {
    if (input.to === '*') throw new EdgeError('query.broadcast', 'a query goes to one node', { fix: 'name a node id' });
    if (this.#asked.size >= OPEN_QUERIES_MAX) throw busy('query.busy', `${OPEN_QUERIES_MAX} queries wait for answers`);
    const timeoutMs = waitOf(input);
    return new Promise((resolve, reject) => {
      const startedAt = this.#clock.now();
      const pending = { to: input.to as NodeId, startedAt, resolve, reject };
      const prepare = (id: MessageId): void => {
        const timer = this.#clock.timer(
          'query',
          timeoutMs,
          () => this.#asked.delete(id) && reject(noAnswer(id, input.to, timeoutMs)),
        );
        this.#asked.set(id, { ...pending, timer });
        this.#waiting.set(id, ({ outcome, code }) => {
          if (outcome === 'delivered') return;
          this.#settle(id)?.reject(outcome === 'expired' ? expired(id, input.to) : refused(id, code));
        });
      };
      this.#send(FrameType.Query, { ...input, ack: true }, { lifeMs: timeoutMs, prepare });
    });
  }

  respond(messageId: string, response: PayloadInput): void {
    const id = parseMessageId(messageId);
    const open = id && this.#toAnswer.get(id);
    if (!id || !open) {
      throw new EdgeError('query.unknown', `no query ${messageId} waits for an answer here`, {
        status: 404,
        fix: 'it may have been answered already, or have waited too long',
      });
    }
    this.#answer(id, open.from, { payload: encodePayload(response) });
  }

  handle(type: string, handler: Handler): () => void {
    checkType(type);
    if (this.#handlers.has(type)) {
      throw new EdgeError('handler.taken', `there is a handler for ${type} already`, {
        status: 409,
        fix: 'remove the other one first',
      });
    }
    if (this.#handlers.size >= HANDLERS_MAX) throw busy('handler.limit', `there are ${HANDLERS_MAX} handlers already`);
    this.#handlers.set(type, handler);
    return () => {
      if (this.#handlers.get(type) === handler) this.#handlers.delete(type);
    };
  }

  #send(
    frameType: FrameType,
    input: SendInput,
    { lifeMs, prepare }: { readonly lifeMs: number; readonly prepare: (id: MessageId) => void },
  ): MessageId {
    checkFields(input, SEND_FIELDS, 'message.field');
    checkType(input.type);
    const priority = input.priority ?? 'medium';
    checkPriority(priority);
    const keep = frameType === FrameType.Message && this.#isKept(input);
    const payload = encodePayload(input, keep ? LARGE_PAYLOAD_BYTES_MAX : PAYLOAD_BYTES_MAX);
    const body = encode(Body.MessageSchema, { type: input.type, payload });
    const to = input.to === '*' ? '*' : this.#destination(input.to);
    const options = { priority: PRIORITY_NAMES.indexOf(priority) as Priority, timeoutMs: lifeMs };
    const begin = (id: MessageId): void => {
      const fate = keep ? 'kept' : to === '*' || input.ack === false ? 'unknown' : 'lost';
      this.#stories.begin(id, { to, type: input.type, priority }, fate);
      prepare(id);
    };
    if (to === '*') return this.#mesh.broadcast(frameType, body, options, begin);
    return this.#mesh.send(to, frameType, body, { ...options, ack: input.ack ?? true, keep }, begin);
  }

  /** Whether a message is kept until it is delivered: to one other node, with acknowledgement. */
  #isKept({ to, ack }: SendInput): boolean {
    return to !== '*' && to !== this.#mesh.self && ack !== false;
  }

  #waypoint(waypoint: Waypoint): void {
    const { id, what, code } = waypoint;
    if (what === 'kept' || what === 'unkept') this.#acceptance.tell(id, what === 'kept', code);
    this.#stories.waypoint(waypoint);
  }

  #destination(text: string): NodeId {
    const node = parseNodeId(text);
    if (!node)
      throw new EdgeError('message.to', `"${text}" is not a node id`, {
        fix: 'give 16 hex digits, or * for everybody',
      });
    if (node === this.#mesh.self || this.#mesh.knows(node)) return node;
    throw new EdgeError('peer.unknown', `node ${node} was never heard of here`, {
      status: 404,
      fix: 'see `edge-agent peers`',
    });
  }

  #outcome(outcome: Outcome): void {
    const code = outcome.code === undefined ? undefined : codeFrom(outcome.code, 'message.refused');
    const { id } = outcome;
    this.#stories.outcome(outcome, code);
    this.#acceptance.tell(id, outcome.outcome === 'delivered', code ?? `message.${outcome.outcome}`);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.({ ...outcome, ...(code !== undefined && { code }) });
  }

  #received(delivered: DeliveredMessage, isQuery: boolean): void {
    const body = decode(Body.MessageSchema, delivered.body);
    const payload = body && decodePayload(body.payload);
    const isTooLarge = isQuery && payload?.large !== undefined;
    if (!body || !payload || isTooLarge || body.type.length === 0 || body.type.length > TYPE_BYTES_MAX) {
      this.#events.counted('message.malformed');
      return;
    }
    const { large, ...told } = payload;
    if (large) this.#inbox.put(delivered.id, large);
    const message: Received = {
      messageId: delivered.id,
      from: delivered.source,
      to: delivered.directed ? this.#mesh.self : '*',
      type: body.type,
      ...told,
      ...(large && { payloadBytes: large.length }),
      priority: PRIORITY_NAMES[delivered.priority] ?? 'medium',
      hops: delivered.hops,
      receivedAt: this.#clock.wall(),
      ...(delivered.ageMs !== undefined && { ageMs: delivered.ageMs }),
    };
    this.#stories.received(delivered.id, message);
    if (isQuery) this.#question(delivered, message);
    else {
      this.#events.message(message);
      void this.#run(message).catch(() => this.#events.counted('handler.failed'));
    }
  }

  async #run(message: Received): Promise<JsonValue | undefined> {
    return this.#handlers.get(message.type)?.(message);
  }

  #question(delivered: DeliveredMessage, message: Received): void {
    if (this.#handlers.has(message.type)) {
      // Encoded within the chain: what a handler returns may be no JSON, or too large.
      const answer = this.#run(message).then((payload) => encodePayload({ payload: payload ?? null }));
      answer.then(
        (payload) => this.#answer(delivered.id, delivered.source, { payload }),
        (error: unknown) => {
          this.#events.counted('handler.failed');
          const fault = error instanceof EdgeError ? error.code : 'query.failed';
          const text = encodePayload({ payload: messageOf(error).slice(0, FAULT_CHARS_MAX) });
          this.#answer(delivered.id, delivered.source, { fault, payload: text });
        },
      );
      return;
    }
    if (this.#toAnswer.size >= OPEN_QUERIES_MAX) {
      this.#answer(delivered.id, delivered.source, { fault: 'query.busy' });
      return;
    }
    const timer = this.#clock.timer('query to answer', RESPOND_WITHIN_MS, () => this.#toAnswer.delete(delivered.id));
    this.#toAnswer.set(delivered.id, { from: delivered.source, timer });
    this.#events.query(message);
  }

  #answer(id: MessageId, to: NodeId, response: { payload?: ReturnType<typeof encodePayload>; fault?: string }): void {
    this.#toAnswer.get(id)?.timer.cancel();
    this.#toAnswer.delete(id);
    const body = encode(Body.MessageSchema, {
      type: 'response',
      answers: fromHex(id) as Uint8Array,
      ...(response.payload && { payload: response.payload }),
      ...(response.fault !== undefined && { fault: response.fault }),
    });
    this.#mesh.send(to, FrameType.Response, body, { priority: Priority.High, ack: true });
  }

  #answered(delivered: DeliveredMessage): void {
    const body = decode(Body.MessageSchema, delivered.body);
    const payload = body && decodePayload(body.payload);
    if (!body || !payload || payload.large || body.answers.length !== 14) {
      this.#events.counted('message.malformed');
      return;
    }
    const id = messageIdOf(body.answers);
    if (this.#asked.get(id)?.to !== delivered.source) return;
    const open = this.#settle(id);
    if (!open) return;
    this.#waiting.delete(id);
    if (body.fault !== '') {
      const code = codeFrom(body.fault, 'query.failed');
      const reason = typeof payload.payload === 'string' ? payload.payload.slice(0, FAULT_CHARS_MAX) : code;
      open.reject(new EdgeError(code, `node ${delivered.source} could not answer: ${reason}`, { status: 502 }));
      return;
    }
    open.resolve({ messageId: id, from: delivered.source, ...payload, tookMs: this.#clock.now() - open.startedAt });
  }

  #settle(id: MessageId): OpenQuery | undefined {
    const open = this.#asked.get(id);
    open?.timer.cancel();
    this.#asked.delete(id);
    return open;
  }
}
