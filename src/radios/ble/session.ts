import { equalBytes } from '../../core/bytes.js';
import { EdgeError } from '../../core/errors.js';
import type { Clock, Timer } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import { RadioMode } from './abilities.js';
import { decodeAdvert, encodeAdvert } from './advert.js';
import { AirControl, type AirWish } from './air-control.js';
import { mayAdvertise, wishFor } from './air-wish.js';
import type { BleNode, NodeMember } from './ble-node.js';
import { Calling } from './calling.js';
import { Gap } from './controller.js';
import { type Finding, find } from './controller-finding.js';
import type { ControllerPort } from './controller-port.js';
import type { Dialler } from './dialler.js';
import { briefly, sayGoodbye } from './goodbye.js';
import { Opcode, Role, Status, statusText } from './hci-codes.js';
import { type HciLink, HciMux, linkId } from './hci-mux.js';
import type { AdvertReport } from './hci-packets.js';
import { LinkAudit } from './link-audit.js';
import { LinkChoice } from './link-choice.js';
import { OwnAddress } from './own-address.js';
import type { Peer } from './peers.js';
import { Places } from './places.js';
import { type Duty, RolePhase } from './role-phase.js';
import type { ScanWatchdog } from './scan-watchdog.js';
import type { BleSettings } from './settings.js';
import { Shouter } from './shouter.js';
import { Stacks } from './stacks.js';
import { below, type DrawBytes, type Tokens } from './tokens.js';

export interface SessionEvents {
  /** The controller turned out to allow less than it said. */
  modeChanged(): void;
  /** The controller failed; the session is over but for `close`. Said once. */
  ended(reason: string): void;
}

export interface SessionOptions {
  readonly node: BleNode;
  /** Which of the radio's controllers this is, for the ids of its links. */
  readonly index: number;
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

/** One life of a controller: from its reset until it fails or is closed. */
export class BleSession implements NodeMember {
  readonly mux: HciMux;
  readonly shouter: Shouter;
  readonly #options: SessionOptions;
  readonly #air: AirControl;
  readonly #choice: LinkChoice;
  readonly #calling: Calling;
  readonly #phase: RolePhase;
  readonly #places: Places;
  readonly #audit: LinkAudit;
  readonly #address: OwnAddress;
  #finding: Finding | undefined;
  #stacks: Stacks | undefined;
  #timer: Timer | undefined;
  #ended = false;
  /** Rejects when the controller fails while it is prepared. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => {};

  constructor(options: SessionOptions) {
    const { port, clock, log, settings, index, node, random } = options;
    this.#options = options;
    this.#phase = new RolePhase(clock.now(), random);
    this.#address = new OwnAddress(random);
    this.#places = new Places({ index, peers: node.peers, phase: this.#phase, settings, clock, log });
    this.#failure = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {});
    this.mux = new HciMux({
      clock,
      index,
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
    this.#air = new AirControl({
      gap: new Gap(this.mux),
      wish: () => this.#wish(),
      refused: (what, status) => this.#refused(what, status),
    });
    this.#audit = new LinkAudit(this.mux, () => this.#end('the controller lost its links without a word'));
    this.shouter = new Shouter({
      clock,
      mayAdvertise: () => mayAdvertise(this.#phase),
      show: () => this.#air.apply(),
    });
    this.#choice = new LinkChoice({
      node,
      places: this.#places,
      isImpatient: () => this.#phase.duty === 'both' && this.#phase.current !== 'both',
      below: below(random),
    });
    this.#calling = new Calling({
      ...{ node, clock, log, settings, places: this.#places, choice: this.#choice },
      isAllowed: () => !this.#ended && this.#phase.dials && !this.#isBetween(),
      apply: () => this.#air.apply(),
      stuck: () => this.#end('the controller does not give up a connection attempt'),
    });
  }

  get #dialler(): Dialler {
    return this.#calling.dialler;
  }

  get finding(): Finding | undefined {
    return this.#finding;
  }

  get isDialling(): boolean {
    return this.#dialler.isBusy;
  }

  /** Whether it says what is to be heard without a link, now or in a moment. */
  get isSpeaker(): boolean {
    return this.#phase.isSliced || mayAdvertise(this.#phase);
  }

  get isListening(): boolean {
    return this.#wish().scan;
  }

  owns(link: HciLink): boolean {
    return this.#places.owns(link);
  }

  disconnect(link: HciLink): void {
    this.mux.disconnect(link.handle);
  }

  /** Another controller takes the other half of the work, or does not any more. Links stay. */
  assign(duty: Duty): void {
    if (this.#phase.duty === duty) return;
    this.#phase.assign(duty);
    this.refresh();
  }

  /** Throws EdgeError with what is wrong and its fix; call `close` then, too. */
  start(): Promise<void> {
    return Promise.race([this.#prepare(), this.#failure]);
  }

  /** From now on neighbours are looked for. */
  async run(): Promise<void> {
    const { clock, watchdog, node } = this.#options;
    node.tick();
    watchdog.excuse(clock.now());
    await this.#air.apply();
    this.#tick();
  }

  async #prepare(): Promise<void> {
    const { port, clock, log, random, node } = this.#options;
    await port.open({ packet: (bytes) => this.mux.receive(bytes), closed: (reason) => this.#end(reason) });
    this.#finding = await find(this.mux, clock, random);
    this.#phase.learn(this.#finding.abilities);
    if (this.#phase.mode === RadioMode.None)
      throw new EdgeError('radio.ble.roles', 'the controller can neither dial nor be dialled', {
        fix: 'use another adapter',
      });
    const stacks = await Stacks.start(this.mux, clock, {
      subscribed: (handle, maxBytes, notify) => this.#subscribed(handle, maxBytes, notify),
      unsubscribed: (handle) => this.#withPeer(handle, (peer) => node.peers.end(peer, 'it stopped listening')),
      written: (handle, value) => this.#written(handle, value),
      remark: (text) => log.debug('Bluetooth stack', { text }),
    });
    // It may have failed meanwhile.
    if (this.#ended) return stacks.stop();
    this.#stacks = stacks;
    node.join(this);
  }

  async close(): Promise<void> {
    const alive = !this.#ended;
    this.#ended = true;
    this.#timer?.cancel();
    this.shouter.close();
    const quiet = this.#air.close();
    const { clock, node } = this.#options;
    if (alive) await briefly(clock, quiet);
    if (alive) await sayGoodbye(this.mux, clock);
    this.#removePeers('closed');
    node.leave(this);
    if (alive && this.#finding !== undefined) await briefly(clock, this.mux.command(Opcode.Reset));
    this.#stacks?.stop();
    this.mux.close();
    await this.#options.port.close();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.shouter.close();
    void this.#air.close();
    this.#removePeers(reason);
    this.#options.node.leave(this);
    this.#fail(new EdgeError('radio.ble.controller', reason, { status: 503 }));
    this.#options.events.ended(reason);
  }

  // Links

  #removePeers(reason: string): void {
    for (const { hci } of this.#places.own()) this.#options.node.peers.remove(hci.id, reason);
  }

  #connected(link: HciLink): void {
    if (this.#ended) return;
    const { node, clock } = this.#options;
    const { peers } = node;
    const peer = peers.add(link);
    this.#places.linked();
    if (link.role === Role.Peripheral) {
      this.#air.advertsStopped();
      if (peers.strangers.isBarred(link.address, clock.now())) peers.end(peer, 'it came and said nothing before');
      else if (this.#places.count(Role.Peripheral) > this.#places.most(Role.Peripheral))
        peers.end(peer, 'too many links');
    } else if (!this.#dialler.connected(peer)) peers.end(peer, 'nobody asked for it');
    this.refresh();
  }

  #disconnected(link: HciLink, reason: number): void {
    const { node } = this.#options;
    const peer = node.peers.get(link.id);
    this.#dialler.lost(link.id, peer?.ending ?? statusText(reason));
    if (peer?.key !== undefined) node.neighbours.lost(peer.key);
    node.peers.remove(link.id, statusText(reason));
    if (link.role === Role.Central) this.#stacks?.forget(link.address);
    if (this.#ended) return;
    this.refresh();
    this.#work();
  }

  #subscribed(handle: number, maxBytes: number, notify: (value: Uint8Array) => void): void {
    const { peers, name } = this.#options.node;
    this.#withPeer(handle, (peer) => {
      if (peer.link !== undefined) return peers.end(peer, 'it subscribed twice');
      peers.attach(peer, maxBytes, notify).greet(name.onLinks);
    });
  }

  #written(handle: number, value: Uint8Array): void {
    this.#withPeer(handle, (peer) => {
      if (peer.link === undefined) this.#options.node.peers.end(peer, 'it spoke before it listened');
      else peer.link.receive(value);
    });
  }

  #withPeer(handle: number, act: (peer: Peer) => void): void {
    const peer = this.#options.node.peers.get(linkId(this.#options.index, handle));
    if (peer !== undefined && peer.ending === undefined && !this.#ended) act(peer);
  }

  greeted(peer: Peer): void {
    if (peer.key !== undefined) this.#choice.reached(peer.key);
    this.#dialler.greeted(peer);
    this.#places.memberCame();
  }

  hasRoomForStranger(peer: Peer): boolean {
    return this.#places.hasRoomForStranger(peer);
  }

  // Adverts and scanning

  refresh(): void {
    if (!this.#ended) void this.#air.apply();
  }

  #isBetween(): boolean {
    return this.#phase.isBetween(this.#places.counts());
  }

  #wish(): AirWish {
    const { settings, node } = this.#options;
    return wishFor({
      phase: this.#phase,
      settings,
      isConnecting: this.#dialler.isConnecting,
      isBetween: this.#isBetween(),
      hasLinks: this.#places.count() > 0,
      hasRoom: this.#places.hasRoom,
      advertData: encodeAdvert({ ...node.name.onAir, part: node.parts.mark }),
      shout: this.shouter.advert,
      randomAddress: settings.privateAddress ? this.#address.at(node.name.showings) : undefined,
    });
  }

  #refused(what: 'adverts' | 'scan' | 'connecting', status: number): void {
    const { log, events } = this.#options;
    if (what === 'adverts' && this.shouter.advert !== undefined) return this.shouter.refused();
    const links = this.#places.counts();
    // With links up, it is likelier that there is no place for one more.
    const isFull = status === Status.ConnectionLimit || (what === 'adverts' && links.central + links.peripheral > 1);
    if (isFull && !this.#phase.isSliced) this.#learnLimit();
    else if (this.#phase.refused(what, links)) {
      if (this.#finding !== undefined) {
        const why = `it refuses ${what}: ${statusText(status)}`;
        this.#finding = { ...this.#finding, abilities: this.#phase.abilities, why };
      }
      events.modeChanged();
      this.refresh();
    } else log.debug(`BLE controller refuses ${what}`, { status: statusText(status) });
  }

  #learnLimit(): void {
    this.#places.refused();
    this.refresh();
  }

  #work(): void {
    if (this.#stacks !== undefined) this.#calling.work(this.#stacks);
  }

  #advert(report: AdvertReport): void {
    if (this.#ended) return;
    const { clock, tokens, watchdog, node } = this.#options;
    const now = clock.now();
    watchdog.heard(now);
    const advert = decodeAdvert(report.data);
    if (advert === undefined) return node.overheard(report);
    if (this.#isOurOwn(advert.token)) return;
    node.neighbours.heard(advert, report, tokens.mayBeOurs(advert.hint, clock.wall()), node.parts.mark, now);
    this.#work();
  }

  /** One adapter hears the other. */
  #isOurOwn(token: Uint8Array): boolean {
    const { name } = this.#options.node;
    return equalBytes(token, name.onAir.token) || equalBytes(token, name.onLinks.token);
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
    const { clock, node } = this.#options;
    this.#timer = clock.timer('ble.tick', TICK_MS, () => this.#tick());
    const now = clock.now();
    node.tick();
    this.#audit.tick(now);
    this.#takeTurns(now);
    this.#watch(now);
    this.#work();
    this.refresh();
  }

  #takeTurns(now: number): void {
    const { neighbours, parts, peers } = this.#options.node;
    const isCutOff = parts.isSettled && neighbours.isOtherPartWaiting(parts.mark, now);
    const turn = this.#phase.tick({ now, ...this.#places.counts(), isBusy: this.#dialler.isBusy, isCutOff });
    if (turn !== 'let-go') return;
    for (const peer of this.#places.own()) peers.end(peer, 'changes its role for a part of the mesh that is cut off');
  }

  #watch(now: number): void {
    const { watchdog, log } = this.#options;
    // Neighbours that take turns say nothing while they have the other role.
    const isExcused = this.#phase.isSliced && this.#places.count() > 0;
    if (isExcused || !this.#wish().scan) return watchdog.excuse(now);
    const verdict = watchdog.check(now);
    if (verdict === 'fine') return;
    if (verdict === 'reset') return this.#end('the scan stays silent');
    log.warn('BLE scan went silent: it is restarted', { links: this.#places.count() });
    this.#air.scanStopped();
    this.refresh();
  }
}
