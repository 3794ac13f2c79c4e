import { EdgeError } from '../../core/errors.js';
import type { Random } from '../../ports/random.js';
import type { Edge } from './place.js';

/** A link whose ends meet at intervals, as at BLE's connection events. */
export interface LinkTurns {
  readonly intervalMs: number;
  /** Packets that one end sends at one meeting at most, how much each holds, and how long it takes. */
  readonly packetsMax: number;
  readonly packetBytes: number;
  readonly packetMs: number;
  /** Chance that a packet is lost: it, and all after it, wait for the next meeting. Nothing is lost for good. */
  readonly loss: number;
  /** Chance that a meeting does not take place: a radio scans, or serves another link. */
  readonly missed: number;
}

export const BLE_TURNS: LinkTurns = {
  intervalMs: 30,
  packetsMax: 4,
  packetBytes: 244,
  packetMs: 2.5,
  loss: 0,
  missed: 0,
};

/** Meetings ahead for which frames are taken; further ones are `full`, as with a controller's few buffers. */
const TURNS_AHEAD_MAX = 8;
/** Losses and missed meetings in a row; links end before that. */
const TRIES_MAX = 1_000;

interface State {
  readonly phase: number;
  readonly epoch: number;
  turn: number;
  used: number;
}

/** When frames leave over each link. */
export class TurnKeeper {
  readonly #turns: LinkTurns;
  readonly #states = new WeakMap<Edge, State>();

  /** Throws EdgeError `radio.air` for impossible turns. */
  constructor(turns: LinkTurns) {
    const { intervalMs, packetsMax, packetBytes, packetMs, loss, missed } = turns;
    const positive = [intervalMs, packetsMax, packetBytes].every((value) => value > 0 && Number.isFinite(value));
    const chances = [loss, missed].every((chance) => chance >= 0 && chance <= 0.95);
    if (!positive || !chances || !(packetMs * packetsMax <= intervalMs)) {
      const fix = 'Give intervals and packets above 0 that fit an interval, and chances from 0 to 0.95.';
      throw new EdgeError('radio.air', `Impossible turns: ${JSON.stringify(turns)}.`, { fix });
    }
    this.#turns = turns;
  }

  isFull(edge: Edge, now: number): boolean {
    const { turn, phase } = this.#state(edge);
    return turn * this.#turns.intervalMs + phase > now + TURNS_AHEAD_MAX * this.#turns.intervalMs;
  }

  /** When the last packet of a frame has left that is handed over now. */
  leavesAt(edge: Edge, bytes: number, now: number): number {
    const { intervalMs, packetBytes, packetMs } = this.#turns;
    const state = this.#state(edge);
    const { random } = edge.from;
    const next = Math.ceil((now - state.phase) / intervalMs);
    if (next > state.turn) this.#meet(state, next, random);
    for (let packets = Math.ceil(bytes / packetBytes); packets > 0; packets--) this.#packet(state, random);
    return state.phase + state.turn * intervalMs + state.used * packetMs;
  }

  #packet(state: State, random: Random): void {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (state.used >= this.#turns.packetsMax) this.#meet(state, state.turn + 1, random);
      state.used += 1;
      if (!random.chance(this.#turns.loss)) return;
      this.#meet(state, state.turn + 1, random);
    }
  }

  #meet(state: State, turn: number, random: Random): void {
    state.turn = turn;
    state.used = 0;
    for (let tries = 0; tries < TRIES_MAX && random.chance(this.#turns.missed); tries++) state.turn += 1;
  }

  #state(edge: Edge): State {
    const known = this.#states.get(edge);
    if (known !== undefined && known.epoch === edge.epoch) return known;
    const phase = (edge.from.random.u32() / 2 ** 32) * this.#turns.intervalMs;
    const state: State = { phase, epoch: edge.epoch, turn: -1, used: this.#turns.packetsMax };
    this.#states.set(edge, state);
    return state;
  }
}
