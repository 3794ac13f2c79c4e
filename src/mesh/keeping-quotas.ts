import type { NodeId } from '../core/ids.js';
import { Limit } from '../core/limits.js';
import { Priority } from '../wire/frame-types.js';

/** What the quotas ask of a message. */
export interface Newcomer {
  readonly origin: NodeId;
  readonly to: NodeId;
  readonly priority: Priority;
  readonly bytes: number;
  /** The neighbour that handed it over; none where it came over slow air without a link. */
  readonly giver: NodeId | undefined;
}

/** … and of one that is kept. */
interface Kept extends Newcomer {
  /** Monotonic ms; before the start of the engine where it was restored. */
  readonly bornAt: number;
}

/** A bound that the newcomer would break, and among whose messages room for it may be made. */
interface Breach<T> {
  readonly among: (item: T) => boolean;
}

interface Quota {
  readonly items: number;
  readonly bytes: number;
}

const WHOLE: Quota = { items: Limit.KeptParcels, bytes: Limit.KeptParcelBytes };
/** The last room is for what is critical. */
const LESSER: Quota = { items: Limit.KeptLesserParcels, bytes: Limit.KeptLesserParcelBytes };
const GIVER: Quota = { items: Limit.KeptPerGiver, bytes: Limit.KeptBytesPerGiver };
const ORIGIN: Quota = { items: Limit.KeptPerOrigin, bytes: Limit.KeptBytesPerOrigin };
const DESTINATION: Quota = { items: Limit.KeptPerDestination, bytes: Limit.KeptBytesPerDestination };

/**
 * Which of the messages kept for others must go so that this one finds a place, most expendable first; `undefined` when it
 * finds none. For its own share an origin pays itself. Where all room is taken, the neighbour that brought most makes way
 * for one that brought less, and of what it brought the origin that has most there: who fills a keeper keeps nobody else
 * out. Nothing goes that is more urgent than what comes.
 */
export function victimsFor<T extends Kept>(items: readonly T[], newcomer: Newcomer): T[] | undefined {
  const kept = new Set(items);
  const victims: T[] = [];
  for (;;) {
    const breach = firstBreach(kept, newcomer);
    if (!breach) return victims;
    const victim = leastOf(kept, newcomer.priority, breach.among);
    if (!victim) return undefined;
    kept.delete(victim);
    victims.push(victim);
  }
}

function firstBreach<T extends Kept>(kept: ReadonlySet<T>, newcomer: Newcomer): Breach<T> | undefined {
  const ofOrigin = (item: Kept): boolean => item.origin === newcomer.origin;
  const sameGiver = (item: Kept): boolean => item.giver === newcomer.giver;
  const isLesser = ({ priority }: Kept): boolean => priority !== Priority.Critical;
  const breaks = (quota: Quota, counts: (item: Kept) => boolean): boolean => {
    let [n, bytes] = [1, newcomer.bytes];
    for (const item of kept) {
      if (!counts(item)) continue;
      n++;
      bytes += item.bytes;
    }
    return n > quota.items || bytes > quota.bytes;
  };
  const toSame = (item: Kept): boolean => item.to === newcomer.to;
  if (breaks(DESTINATION, toSame)) return { among: (item) => ofOrigin(item) && toSame(item) };
  if (breaks(ORIGIN, ofOrigin)) return { among: ofOrigin };
  if (breaks(GIVER, sameGiver)) return { among: roomOf(kept, newcomer, sameGiver) };
  if (newcomer.priority !== Priority.Critical && breaks(LESSER, isLesser))
    return { among: roomOf(kept, newcomer, isLesser) };
  return breaks(WHOLE, () => true) ? { among: roomOf(kept, newcomer, () => true) } : undefined;
}

/**
 * Among these, what the greediest origin has of the greediest neighbour, if both have more than the newcomer's; where nothing
 * of it may go, what the newcomer's origin has itself.
 */
function roomOf<T extends Kept>(
  kept: ReadonlySet<T>,
  newcomer: Newcomer,
  counts: (item: Kept) => boolean,
): (item: T) => boolean {
  const some = [...kept].filter(counts);
  const giver = greediest(some, (item) => item.giver, newcomer);
  const ofGiver = some.filter((item) => item.giver === giver);
  // Between two neighbours the share of each decides; within one neighbour's that of each origin.
  const asNewcomer = giver === newcomer.giver ? newcomer : { ...newcomer, bytes: Number.NEGATIVE_INFINITY };
  const origin = greediest(ofGiver, (item) => item.origin, asNewcomer);
  const greedy = new Set(ofGiver.filter((item) => item.origin === origin));
  if (leastOf(greedy, newcomer.priority, () => true)) return (item) => greedy.has(item);
  return (item) => counts(item) && item.origin === newcomer.origin;
}

/** Whose messages take most room; the newcomer's counts among its like, so that two as greedy do not push each other out in turn. */
function greediest<K>(items: readonly Kept[], keyOf: (item: Newcomer) => K, newcomer: Newcomer): K {
  const bytes = new Map<K, number>([[keyOf(newcomer), newcomer.bytes]]);
  for (const item of items) bytes.set(keyOf(item), (bytes.get(keyOf(item)) ?? 0) + item.bytes);
  let most = keyOf(newcomer);
  for (const [key, sum] of bytes) if (sum > (bytes.get(most) ?? 0)) most = key;
  return most;
}

/** The least urgent, of those the oldest; nothing that is more urgent than what comes. */
function leastOf<T extends Kept>(items: Iterable<T>, priority: Priority, among: (item: T) => boolean): T | undefined {
  let least: T | undefined;
  for (const item of items) {
    if (item.priority < priority || !among(item)) continue;
    const goesFirst = !least || item.priority > least.priority;
    if (goesFirst || (item.priority === least?.priority && item.bornAt < least.bornAt)) least = item;
  }
  return least;
}
