import { equalBytes } from '../../core/bytes.js';
import type { MessageId } from '../../core/ids.js';
import type { Delivered, MessageOutcome } from '../../mesh/types.js';
import type { ObservedNode, Observer, SentMessage } from '../observer.js';
import type { World } from '../world.js';
import type { Findings } from './findings.js';

/** Two nodes count as able to reach each other for a message when they were in one component this long before it … */
const SETTLED_BEFORE_MS = 25_000;
/** … and this long after it. */
const SETTLED_AFTER_MS = 12_000;
/** An outcome comes at the latest this long after the message's timeout. */
const OUTCOME_SLACK_MS = 1_500;

interface Story {
  readonly message: SentMessage;
  readonly senderLife: number;
  /** `node/life` of everybody it reached. */
  readonly reached: Set<string>;
  readonly outcomes: MessageOutcome[];
  /** The sender's life in which the last of them came. */
  outcomeLife: number;
}

/**
 * What users rely on: nothing arrives twice in one life of a node, changed, or at someone it was not meant for; what
 * was flooded reaches everybody who could be reached; what was to be acknowledged has exactly one outcome, and
 * `delivered` is true.
 */
export class DeliveryChecker implements Observer {
  readonly #world: World;
  readonly #findings: Findings;
  readonly #stories = new Map<MessageId, Story>();
  deliveries = 0;

  constructor(world: World, findings: Findings) {
    this.#world = world;
    this.#findings = findings;
  }

  sent(message: SentMessage): void {
    const senderLife = this.#world.node(message.from).life;
    this.#stories.set(message.id, { message, senderLife, reached: new Set(), outcomes: [], outcomeLife: -1 });
  }

  delivered(node: ObservedNode, { id, body, source }: Delivered, now: number): void {
    this.deliveries++;
    const story = this.#stories.get(id);
    if (!story && this.#world.hostile.has(this.#world.indexOf(source))) return;
    if (!story) return this.#wrong(now, `node ${node.index} was given ${id}, which nobody sent`);
    const { message, reached } = story;
    const who = `${node.index}/${node.life}`;
    if (reached.has(who)) this.#wrong(now, `node ${who} was given ${id} twice`);
    if (!equalBytes(body, message.body)) this.#wrong(now, `${id} was changed on its way to ${who}`);
    if (this.#world.indexOf(source) !== message.from) this.#wrong(now, `${id} came under the name of ${source}`);
    if (node.index === message.from) this.#wrong(now, `${id} was given to its own sender`);
    if (message.to !== undefined && message.to !== node.index) this.#wrong(now, `${id} was not meant for ${who}`);
    reached.add(who);
  }

  outcome(node: ObservedNode, id: MessageId, outcome: MessageOutcome, now: number): void {
    const story = this.#stories.get(id);
    if (!story || story.message.from !== node.index) return this.#wrong(now, `an outcome of ${id}, which is not ours`);
    // Who crashed before it was on disk that a kept message had arrived learns it again.
    const isAgain = story.outcomeLife !== node.life && story.outcomes.at(-1) === outcome;
    story.outcomeLife = node.life;
    if (isAgain) return;
    story.outcomes.push(outcome);
    if (story.outcomes.length > 1) this.#wrong(now, `${id} has outcomes ${story.outcomes.join(', ')}`);
    const { to } = story.message;
    if (outcome === 'delivered' && ![...story.reached].some((who) => who.startsWith(`${to}/`)))
      this.#wrong(now, `${id} is said to be delivered, and is not`);
  }

  finished(now: number): void {
    // What chance may keep from arriving is counted by others, and no fault.
    if (this.#world.isChancy) return;
    for (const story of this.#stories.values()) {
      if (story.message.to === undefined) this.#judgeFlood(story, now);
      else this.#judgeDirected(story, now);
    }
  }

  #judgeFlood({ message, reached }: Story, now: number): void {
    if (message.at + SETTLED_AFTER_MS > now) return;
    for (const node of this.#world.nodes) {
      if (node.index === message.from || !this.#settled(message, node.index, SETTLED_AFTER_MS)) continue;
      const life = this.#world.ground.lifeAt(node.index, message.at);
      if (reached.has(`${node.index}/${life}`)) continue;
      this.#wrong(now, `flooded ${this.#name(message)} did not reach node ${node.index}`);
    }
  }

  #judgeDirected({ message, outcomes, senderLife }: Story, now: number): void {
    const { ack, to, from, timeoutMs } = message;
    const due = message.at + timeoutMs + OUTCOME_SLACK_MS;
    if (!ack || due > now) return;
    const livedOn = this.#world.ground.lifeAt(from, due) === senderLife && this.#world.ground.wasUp(from, due);
    if (livedOn && outcomes.length !== 1) this.#wrong(now, `${this.#name(message)} has ${outcomes.length} outcomes`);
    if (!this.#settled(message, to as number, timeoutMs)) return;
    if (outcomes[0] !== 'delivered') this.#wrong(now, `directed ${this.#name(message)}: ${outcomes[0] ?? 'nothing'}`);
  }

  #settled({ from, at }: SentMessage, other: number, afterMs: number): boolean {
    return this.#world.ground.together(from, other, at - SETTLED_BEFORE_MS, at + afterMs);
  }

  #name({ id, from, to, at }: SentMessage): string {
    return `${id} (${from} → ${to ?? 'all'}, sent at ${(at / 1_000).toFixed(3)} s)`;
  }

  #wrong(now: number, what: string): void {
    this.#findings.add('delivery', now, what);
  }
}
