import { type Abilities, ALL_ABILITIES, modeOf, type RadioMode } from './abilities.js';
import type { DrawBytes } from './tokens.js';

/** What a controller is to do: everything, or its half where another one has the other. */
export type Duty = 'both' | 'central' | 'peripheral';
/** What it does now. */
export type Phase = Duty | 'none';

export interface LinksNow {
  readonly now: number;
  /** Links of its own making, and those that others made. */
  readonly central: number;
  readonly peripheral: number;
  /** A call is under way. */
  readonly isBusy: boolean;
  /** Somebody is heard who is connected to nobody that we are connected to. */
  readonly isCutOff: boolean;
}

/** `let-go`: it changed though its links keep it from the new role, for a part of the mesh is cut off: they are to end. */
export type Turn = 'stays' | 'changed' | 'let-go';

/** Refusals of one role while the other is at work, until we believe that they exclude each other. */
const REFUSALS = 3;
/** Turns and patience are of random length, so that two nodes that were out of luck are not so for ever. */
const TURN_MS = { least: 2_000, most: 6_000 };
const PATIENCE_MS = { least: 5_000, most: 20_000 };

/** Which role a controller has now. One that takes one at a time takes turns, and its links outlast them where it can hold both kinds. */
export class RolePhase {
  readonly #random: DrawBytes;
  #abilities: Abilities = ALL_ABILITIES;
  #duty: Duty = 'both';
  #turn: 'central' | 'peripheral';
  #until: number;
  #letGoAt: number | undefined;
  #refusals = 0;

  constructor(now: number, random: DrawBytes) {
    this.#random = random;
    this.#turn = ((random(1)[0] as number) & 1) === 0 ? 'central' : 'peripheral';
    this.#until = now + this.#draw({ least: 0, most: TURN_MS.most });
  }

  get current(): Phase {
    const { central, peripheral, atOnce } = this.#abilities;
    if (this.#duty === 'both' && central && peripheral) return atOnce ? 'both' : this.#turn;
    if (central && this.#duty !== 'peripheral') return 'central';
    return peripheral && this.#duty !== 'central' ? 'peripheral' : 'none';
  }

  /** Whether it may dial now. */
  get dials(): boolean {
    return this.current === 'central' || this.current === 'both';
  }

  get duty(): Duty {
    return this.#duty;
  }

  get abilities(): Abilities {
    return this.#abilities;
  }

  /** Whether the roles take turns. */
  get isSliced(): boolean {
    const { central, peripheral, atOnce } = this.#abilities;
    return this.#duty === 'both' && central && peripheral && !atOnce;
  }

  /** What the controller allows, whatever its duty. */
  get mode(): RadioMode {
    return modeOf(this.#abilities);
  }

  learn(abilities: Abilities): void {
    this.#abilities = abilities;
  }

  assign(duty: Duty): void {
    this.#duty = duty;
  }

  /** The roles take turns from now on, whatever was stated. */
  slice(): void {
    this.#abilities = { ...this.#abilities, atOnce: false };
  }

  /** Another part of its work was refused. True when that was one too many and the roles take turns from now on. */
  refused(
    what: 'adverts' | 'scan' | 'connecting',
    { central, peripheral }: { central: number; peripheral: number },
  ): boolean {
    if (!this.isSliced) {
      if (this.current !== 'both' || ++this.#refusals < REFUSALS) return false;
      this.slice();
      return true;
    }
    if (what === 'scan') this.#abilities = { ...this.#abilities, listensAsPeripheral: false };
    else if (what === 'adverts' && this.#turn === 'central')
      this.#abilities = { ...this.#abilities, showsAsCentral: false };
    else if (what === 'adverts' && central > 0) {
      this.#abilities = { ...this.#abilities, advertisesBesideCentral: false };
      this.#turn = 'central';
    } else if (what === 'adverts' && peripheral > 0) this.#abilities = { ...this.#abilities, takesSeveral: false };
    else if (what === 'connecting' && peripheral > 0) {
      this.#abilities = { ...this.#abilities, dialsBesidePeripheral: false };
      this.#turn = 'peripheral';
    } else if (what === 'connecting' && this.#abilities.showsAsCentral)
      this.#abilities = { ...this.#abilities, showsAsCentral: false };
    else if (what === 'connecting' && central > 0) this.#abilities = { ...this.#abilities, dialsSeveral: false };
    return false;
  }

  tick(links: LinksNow): Turn {
    const { now, isBusy, isCutOff } = links;
    if (!this.isSliced || isBusy) return 'stays';
    if (this.#isHeld(links)) {
      if (!isCutOff) this.#letGoAt = undefined;
      else this.#letGoAt ??= now + this.#draw(PATIENCE_MS);
      if (this.#letGoAt === undefined || now < this.#letGoAt) return 'stays';
      // At once, or its neighbours would be back before its turn is over.
      this.#change(now);
      return 'let-go';
    }
    this.#letGoAt = undefined;
    if (now < this.#until) return 'stays';
    this.#change(now);
    return 'changed';
  }

  /** It has the new role but still links that keep it from it. */
  isBetween({ central, peripheral }: Pick<LinksNow, 'central' | 'peripheral'>): boolean {
    const { advertisesBesideCentral, dialsBesidePeripheral } = this.#abilities;
    if (!this.isSliced) return false;
    return this.#turn === 'central'
      ? peripheral > 0 && !dialsBesidePeripheral
      : central > 0 && !advertisesBesideCentral;
  }

  #change(now: number): void {
    this.#letGoAt = undefined;
    this.#until = now + this.#draw(TURN_MS);
    this.#turn = this.#turn === 'central' ? 'peripheral' : 'central';
  }

  /** Its links keep it from the other role. */
  #isHeld({ central, peripheral }: LinksNow): boolean {
    const { advertisesBesideCentral, dialsBesidePeripheral } = this.#abilities;
    return this.#turn === 'central'
      ? central > 0 && !advertisesBesideCentral
      : peripheral > 0 && !dialsBesidePeripheral;
  }

  #draw({ least, most }: { least: number; most: number }): number {
    const [high, low] = this.#random(2) as unknown as [number, number];
    return least + (((high << 8) | low) / 0xffff) * (most - least);
  }
}
