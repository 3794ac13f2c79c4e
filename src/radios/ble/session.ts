import { EdgeError, messageOf } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import type { LinkAddress, SendResult } from '../../ports/radio.js';
import { decodeAdvert, encodeAdvert } from './advert.js';
import { AirControl, type AirWish } from './air-control.js';
import { bringUp, type ControllerInfo, Gap, RadioMode } from './controller.js';
import type { ControllerPort } from './controller-port.js';
import { Dialler } from './dialler.js';
import { briefly, sayGoodbye } from './goodbye.js';
import { Opcode, Role, Status, statusText } from './hci-codes.js';
import { type HciLink, HciMux } from './hci-mux.js';
import { type AdvertReport, u16 } from './hci-packets.js';
import { LinkAudit } from './link-audit.js';
import { LinkChoice } from './link-choice.js';
import { ROOT_BYTES } from './link-packets.js';
import { OwnName } from './own-name.js';
import { Parts } from './parts.js';
import { type Peer, Peers } from './peers.js';
import { RolePhase } from './role-phase.js';
import type { ScanWatchdog } from './scan-watchdog.js';
import type { BleSettings } from './settings.js';
import { Stacks } from './stacks.js';
import type { DrawBytes, Tokens } from './tokens.js';

export interface SessionEvents {
  linkUp(address: LinkAddress, frameBytes: number): void;
  linkDown(address: LinkAddress, reason: string): void;
  heard(address: LinkAddress, frame: Uint8Array): void;
  /** Somebody broke a rule of the link. */
  misbehaved(): void;
  /** The controller failed; the session is over but for `close`. Said once. */
  ended(reason: string): void;
}

export interface SessionOptions {
  readonly port: ControllerPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Tokens;
  readonly settings: BleSettings;
  readonly watchdog: ScanWatchdog;
  readonly random: DrawBytes;
  readonly events: SessionEvents;
}

const TICK_MS = 250;
/** With links up the air is shared: scanning takes a third of it. */
const SCAN_ALONE = { scanIntervalMs: 60, scanWindowMs: 50 };
const SCAN_BESIDE_LINKS = { scanIntervalMs: 90, scanWindowMs: 30 };

/** One life of a controller: from its reset until it fails or is closed. */
export class BleSession {
  readonly mux: HciMux;
  readonly peers: Peers;
  readonly #options: SessionOptions;
  readonly #parts: Parts;
  readonly #choice: LinkChoice;
  readonly #air: AirControl;
  readonly #dialler: Dialler;
  readonly #phase: RolePhase;
  readonly #audit: LinkAudit;
  readonly #name: OwnName;
  #info: ControllerInfo | undefined;
  #stacks: Stacks | undefined;
  #timer: Timer | undefined;
  #ended = false;
  /** Rejects when the controller fails while it is prepared. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => {};

  constructor(options: SessionOptions) {
    const { port, clock, settings, events, random } = options;
    this.#options = options;
    this.#parts = new Parts(random(ROOT_BYTES), clock.now());
    this.#phase = new RolePhase(clock.now());
    this.#name = new OwnName(options.tokens, settings.privateAddress ? random : undefined, {
      renamed: () => this.peers.rename(),
      shown: () => void this.#air.apply(),
    });
    this.#failure = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {});
    this.mux = new HciMux({
      clock,
      commandTimeoutMs: settings.commandTimeoutMs,
      write: (packet) => port.write(packet),
      events: {
        advert: (report) => this.#advert(report),
        linkUp: (link) => this.#connected(link),
        linkDown: (link, reason) => this.#disconnected(link, reason),
        dialFailed: (status) => this.#dialFailed(status),
        fault: (reason) => this.#end(reason),
      },
    });
    this.peers = new Peers({
      parts: this.#parts,
      now: () => clock.now(),
      ownName: () => this.#name.onLinks,
      isOurs: (name) => options.tokens.isOurs(name),
      disconnect: (handle) => this.mux.disconnect(handle),
      events: {
        up: (peer) => this.#peerUp(peer),
        down: (peer, reason) => events.linkDown(peer.address, reason),
        heard: (peer, frame) => events.heard(peer.address, frame),
        changed: () => void this.#air.apply(),
        misbehaved: (peer, reason) => {
          events.misbehaved();
          options.log.debug('BLE neighbour broke a rule', { address: peer.address, reason });
        },
      },
    });
    const below = (bound: number): number => u16(random(2), 0) % bound;
    this.#choice = new LinkChoice({ settings, parts: this.#parts, peers: this.peers, below });
    this.#air = new AirControl({
      gap: new Gap(this.mux),
      wish: () => this.#wish(),
      refused: (what, status) => this.#refused(what, status),
    });
    this.#audit = new LinkAudit(this.mux, () => this.#end('the controller lost its links without a word'));
    this.#dialler = new Dialler({ clock, peers: this.peers, ownName: () => this.#name.onLinks });
  }

  get info(): ControllerInfo | undefined {
    return this.#info;
  }

  get mode(): RadioMode {
    if (this.#info?.mode !== RadioMode.BothRoles) return this.#info?.mode ?? RadioMode.None;
    return this.#phase.isSliced ? RadioMode.TimeSliced : RadioMode.BothRoles;
  }

  /** Throws EdgeError with what is wrong and its fix; call `close` then, too. */
  start(): Promise<void> {
    return Promise.race([this.#prepare(), this.#failure]);
  }

  /** From now on neighbours are looked for. */
  async run(): Promise<void> {
    const { clock, watchdog } = this.#options;
    this.#name.tick(clock.now(), clock.wall(), false);
    watchdog.excuse(clock.now());
    await this.#air.apply();
    this.#tick();
  }

  async #prepare(): Promise<void> {
    const { port, clock, log } = this.#options;
    await port.open({ packet: (bytes) => this.mux.receive(bytes), closed: (reason) => this.#end(reason) });
    this.#info = await bringUp(this.mux);
    if (this.#info.mode === RadioMode.None)
      throw new EdgeError('radio.ble.roles', 'the controller can neither dial nor be dialled', {
        fix: 'use another adapter',
      });
    if (this.#info.mode === RadioMode.TimeSliced) this.#phase.slice();
    this.#stacks = await Stacks.start(this.mux, clock, {
      subscribed: (handle, maxBytes, notify) => this.#subscribed(handle, maxBytes, notify),
      unsubscribed: (handle) => this.#withPeer(handle, (peer) => this.peers.end(peer, 'it stopped listening')),
      written: (handle, value) => this.#written(handle, value),
      remark: (text) => log.debug('Bluetooth stack', { text }),
    });
  }

  send(frame: Uint8Array, address: LinkAddress): SendResult {
    return this.peers.find(address)?.link?.send(frame) ?? 'down';
  }

  drop(address: LinkAddress): void {
    const peer = this.peers.find(address);
    if (peer !== undefined) this.peers.end(peer, 'dropped here');
  }

  async close(): Promise<void> {
    const alive = !this.#ended;
    this.#ended = true;
    this.#timer?.cancel();
    const quiet = this.#air.close();
    const { clock } = this.#options;
    if (alive) await briefly(clock, quiet);
    if (alive) await sayGoodbye(this.mux, clock);
    for (const { hci } of this.peers.all()) this.peers.remove(hci.handle, 'closed');
    if (alive && this.#info !== undefined) await briefly(clock, this.mux.command(Opcode.Reset));
    this.#stacks?.stop();
    this.mux.close();
    await this.#options.port.close();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    void this.#air.close();
    for (const { hci } of this.peers.all()) this.peers.remove(hci.handle, reason);
    this.#fail(new EdgeError('radio.ble.controller', reason, { status: 503 }));
    this.#options.events.ended(reason);
  }

  // Links

  #connected(link: HciLink): void {
    if (this.#ended) return;
    const peer = this.peers.add(link);
    this.#choice.limit.has(this.peers.size);
    if (link.role === Role.Peripheral) {
      this.#air.advertsStopped();
      const { maxIn } = this.#options.settings;
      if (this.peers.count(Role.Peripheral) > maxIn) this.peers.end(peer, 'too many links');
    } else if (!this.#dialler.connected(peer)) this.peers.end(peer, 'nobody asked for it');
    void this.#air.apply();
  }

  #disconnected(link: HciLink, reason: number): void {
    const peer = this.peers.get(link.handle);
    this.#dialler.lost(link.handle, peer?.ending ?? statusText(reason));
    if (peer?.key !== undefined) this.#choice.neighbours.lost(peer.key);
    this.peers.remove(link.handle, statusText(reason));
    if (link.role === Role.Central) this.#stacks?.forget(link.address);
    if (this.#ended) return;
    void this.#air.apply();
    this.#work();
  }

  #subscribed(handle: number, maxBytes: number, notify: (value: Uint8Array) => void): void {
    this.#withPeer(handle, (peer) => {
      if (peer.link !== undefined) return this.peers.end(peer, 'it subscribed twice');
      this.peers.attach(peer, maxBytes, notify).greet(this.#name.onLinks);
    });
  }

  #written(handle: number, value: Uint8Array): void {
    this.#withPeer(handle, (peer) => {
      if (peer.link === undefined) this.peers.end(peer, 'it spoke before it listened');
      else peer.link.receive(value);
    });
  }

  #withPeer(handle: number, act: (peer: Peer) => void): void {
    const peer = this.peers.get(handle);
    if (peer !== undefined && peer.ending === undefined && !this.#ended) act(peer);
  }

  #peerUp(peer: Peer): void {
    if (peer.key !== undefined) {
      this.#choice.reached(peer.key);
    }
    this.#options.events.linkUp(peer.address, peer.link?.frameBytes ?? 0);
    this.#dialler.greeted(peer);
  }

  // Adverts and scanning

  #wish(): AirWish {
    const { settings } = this.#options;
    const hasRoom = this.#choice.hasRoom(this.#options.clock.now());
    const advertData = encodeAdvert({ ...this.#name.onAir, part: this.#parts.mark });
    const phase = this.#phase.current;
    return {
      adverts: phase === 'central' ? 'off' : hasRoom ? 'connectable' : 'visible',
      advertData,
      advertIntervalMs: settings.advertIntervalMs,
      // Scanning while it connects upsets several controllers.
      scan: phase !== 'peripheral' && !this.#dialler.isConnecting,
      ...(this.peers.size === 0 ? SCAN_ALONE : SCAN_BESIDE_LINKS),
      randomAddress: this.#dialler.isConnecting ? undefined : this.#name.address,
    };
  }

  #refused(what: string, status: number): void {
    const { log } = this.#options;
    // With links up, it is likelier that there is no place for one more.
    const isFull = status === Status.ConnectionLimit || (what === 'adverts' && this.peers.size > 1);
    if (isFull) this.#learnLimit();
    else if (this.#phase.refused()) {
      log.warn('BLE controller refuses to be central and peripheral at once: the roles take turns', {
        refused: what,
        status: statusText(status),
      });
      void this.#air.apply();
    } else log.debug(`BLE controller refuses ${what}`, { status: statusText(status) });
  }

  #learnLimit(): void {
    const { clock, log } = this.#options;
    if (this.#choice.limit.refused(this.peers.size, clock.now()))
      log.info('BLE controller refuses one link more', { links: this.peers.size });
    void this.#air.apply();
  }

  #advert(report: AdvertReport): void {
    if (this.#ended) return;
    const { clock, tokens, watchdog } = this.#options;
    const now = clock.now();
    watchdog.heard(now);
    const advert = decodeAdvert(report.data);
    if (advert === undefined) return;
    this.#choice.neighbours.heard(advert, report, tokens.mayBeOurs(advert.hint, clock.wall()), this.#parts.mark, now);
    this.#work();
  }

  // Dialling

  #work(): void {
    const stacks = this.#stacks;
    const { settings, clock } = this.#options;
    if (this.#ended || stacks === undefined || this.#dialler.isBusy || this.#phase.current === 'peripheral') return;
    const now = clock.now();
    const ownToken = this.#name.onLinks.token;
    const givenUp = this.#choice.toGiveUp(now, ownToken);
    if (givenUp !== undefined) return this.peers.end(givenUp, 'makes room for a part of the mesh that is cut off');
    const neighbour = this.#choice.toDial(now, ownToken);
    if (neighbour === undefined) return;
    const interval =
      this.peers.size === 0
        ? { minIntervalMs: settings.oneLinkIntervalMs, maxIntervalMs: settings.oneLinkIntervalMs }
        : { minIntervalMs: settings.someLinksMinMs, maxIntervalMs: settings.someLinksMaxMs };
    const target = { address: neighbour.address, addressType: neighbour.addressType, ...interval };
    void this.#dial(stacks, neighbour.key, target);
  }

  async #dial(stacks: Stacks, key: string, target: Parameters<Dialler['dial']>[1]): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#dialler.dial(stacks, target, () => this.#air.apply());
    } catch (error) {
      this.#choice.neighbours.failed(key, clock.now());
      log.debug('BLE dial failed', { address: target.address, reason: messageOf(error) });
      if (this.#dialler.isStuck) return this.#end('the controller does not give up a connection attempt');
    }
    if (this.#ended) return;
    await this.#air.apply();
    this.#work();
  }

  #dialFailed(status: number): void {
    if (this.#ended) return;
    if (status === Status.ConnectionLimit) this.#learnLimit();
    else if (status === Status.Disallowed) this.#refused('connecting', status);
    this.#dialler.failed(statusText(status));
  }

  // Time

  #tick(): void {
    if (this.#ended) return;
    const { clock, settings } = this.#options;
    this.#timer = clock.timer('ble.tick', TICK_MS, () => this.#tick());
    const now = clock.now();
    if (!this.#dialler.isBusy) this.#name.tick(now, clock.wall(), this.peers.size > 0);
    this.peers.check();
    this.#audit.tick(now);
    if (this.#phase.tick(now, this.peers.size, this.#dialler.isBusy)) void this.#air.apply();
    this.#watch(now);
    if (settings.maxOut > 0) this.#work();
    void this.#air.apply();
  }

  #watch(now: number): void {
    const { watchdog, log } = this.#options;
    const mayScan = this.#phase.current !== 'peripheral' && !(this.#phase.isSliced && this.peers.size > 0);
    if (!mayScan || this.#dialler.isConnecting) return watchdog.excuse(now);
    const verdict = watchdog.check(now);
    if (verdict === 'fine') return;
    if (verdict === 'reset') return this.#end('the scan stays silent');
    log.warn('BLE scan went silent: it is restarted', { links: this.peers.size });
    this.#air.scanStopped();
    void this.#air.apply();
  }
}
