import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { BleLink } from './ble-link.js';
import { BleLimit } from './limits.js';
import type { Name } from './link-packets.js';
import type { Peer, Peers } from './peers.js';
import type { DialTarget, Stacks } from './stacks.js';

export interface DiallerOptions {
  readonly clock: Clock;
  readonly peers: Peers;
  ownName(): Name;
}

interface Call {
  readonly target: DialTarget;
  peer: Peer | undefined;
  isConnecting: boolean;
  settle(error?: Error): void;
  /** The controller is done with the attempt, or will never be. */
  readonly over: Promise<void>;
  end(): void;
}

/** After a cancel the controller must report the end of the attempt within this time. */
const CANCEL_MS = 2_000;
/** Of the time for a call, for the connection itself. */
const CONNECT_MS = 3_000;

/** Makes one outbound link at a time: connect, find the service, listen, greet. Ends each try by success, failure or timeout. */
export class Dialler {
  readonly #options: DiallerOptions;
  #call: Call | undefined;
  #isStuck = false;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#call !== undefined;
  }

  /** The controller is looking for the neighbour; it had better do nothing else. */
  get isConnecting(): boolean {
    return this.#call?.isConnecting ?? false;
  }

  /** The controller neither connects nor lets go: only a reset helps. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Resolves when the neighbour has greeted. `quieten` stops the scan, and starts it again once connected. */
  async dial(stacks: Stacks, target: DialTarget, quieten: () => Promise<void>): Promise<void> {
    if (this.#call !== undefined) throw new EdgeError('radio.ble.dial', 'one call at a time');
    const { promise, settle } = deferred();
    const over = deferred();
    const call: Call = { target, peer: undefined, isConnecting: true, settle, over: over.promise, end: over.settle };
    this.#call = call;
    let overdue: Timer | undefined;
    try {
      await quieten();
      overdue = this.#options.clock.timer('ble.dial', BleLimit.DialMs, () => settle(failure('no greeting in time')));
      await Promise.race([this.#connect(stacks, call, quieten), promise]);
      await promise;
    } catch (error) {
      if (call.peer !== undefined) this.#options.peers.end(call.peer, messageOf(error));
      throw error;
    } finally {
      overdue?.cancel();
      this.#call = undefined;
    }
  }

  /** A central link came up. False when it is not the one we called. */
  connected(peer: Peer): boolean {
    const call = this.#call;
    if (call === undefined || !call.isConnecting || call.target.address !== peer.hci.address) return false;
    call.peer = peer;
    call.isConnecting = false;
    call.end();
    return true;
  }

  greeted(peer: Peer): void {
    if (this.#call?.peer === peer) this.#call.settle();
  }

  /** A link ended. */
  lost(id: number, reason: string): void {
    if (this.#call?.peer?.hci.id === id) this.#call.settle(failure(reason));
  }

  /** The controller says that the attempt is over. */
  failed(reason: string): void {
    const call = this.#call;
    if (call === undefined || call.peer !== undefined) return;
    call.isConnecting = false;
    call.end();
    call.settle(failure(reason));
  }

  async #connect(stacks: Stacks, call: Call, quieten: () => Promise<void>): Promise<void> {
    const timer = this.#options.clock.timer('ble.connect', CONNECT_MS, () => void this.#giveUp(stacks, call));
    const peripheral = await stacks.connect(call.target).catch(async (error: unknown) => {
      // The stack says at once that it gave up; the controller may still be looking, and takes no other call meanwhile.
      await call.over;
      throw error;
    });
    timer.cancel();
    void quieten();
    const peer = call.peer;
    if (peer === undefined) throw failure('the link was gone at once');
    let link: BleLink | undefined;
    const early: Uint8Array[] = [];
    const client = await stacks.attach(peripheral, (value) => {
      if (link !== undefined) link.receive(value);
      else if (early.length < BleLimit.Window) early.push(value);
    });
    if (peer.ending !== undefined || this.#options.peers.get(peer.hci.id) !== peer) throw failure('the link ended');
    link = this.#options.peers.attach(peer, client.packetBytes, client.write);
    link.greet(this.#options.ownName());
    for (const value of early) link.receive(value);
  }

  async #giveUp(stacks: Stacks, call: Call): Promise<void> {
    if (this.#call !== call || !call.isConnecting) return;
    // Its end comes as a failed connection; without one the controller is still looking.
    this.#options.clock.timer('ble.cancel', CANCEL_MS, () => {
      if (this.#call !== call || !call.isConnecting) return;
      this.#isStuck = true;
      call.end();
      call.settle(failure('the controller does not give up'));
    });
    stacks.cancel(call.target);
  }
}

const failure = (reason: string): EdgeError => new EdgeError('radio.ble.dial', reason, { status: 503 });

function deferred(): { promise: Promise<void>; settle(error?: Error): void } {
  let settle: (error?: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  // Whoever waits may not wait yet.
  promise.catch(() => {});
  return { promise, settle };
}
