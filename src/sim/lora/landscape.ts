import type { Random } from '../../ports/random.js';
import { type LossModel, pathLossDb, reachM } from './path-loss.js';
import { pairNormal, SHADOW_SIGMAS_MAX } from './shadow.js';

/** Metres. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

export interface LandscapeOptions {
  readonly model: LossModel;
  readonly frequencyHz: number;
  readonly powerDbm: number;
  /** Of each antenna; two make a link. */
  readonly antennaGainDbi: number;
  readonly heightM: number;
  /** Deviation of what the ground between two places adds or takes, the same in both directions, dB. */
  readonly shadowDb: number;
  /** Deviation of what differs between the directions, dB. */
  readonly asymmetryDb: number;
  /** What is weaker than this when it arrives is not there, dBm. */
  readonly weakestDbm: number;
}

/** How strong one place's signal arrives at another. */
export interface Path {
  readonly to: number;
  readonly powerDbm: number;
}

/** Where nodes stand and how strong they hear each other. Paths of those near a node that moved are made anew when asked for. */
export class Landscape {
  readonly #options: LandscapeOptions;
  readonly #seed: number;
  readonly #positions: Position[];
  readonly #paths: (readonly Path[] | undefined)[];
  readonly #cellM: number;
  readonly #cells = new Map<string, Set<number>>();

  constructor(options: LandscapeOptions, positions: readonly Position[], random: Random) {
    this.#options = options;
    this.#seed = random.u32();
    this.#positions = [...positions];
    this.#paths = positions.map(() => undefined);
    const { model, frequencyHz, heightM, shadowDb, asymmetryDb, powerDbm, antennaGainDbi, weakestDbm } = options;
    const luckDb = SHADOW_SIGMAS_MAX * (shadowDb + asymmetryDb);
    const budgetDb = powerDbm + 2 * antennaGainDbi + luckDb - weakestDbm;
    this.#cellM = reachM(model, frequencyHz, budgetDb, heightM);
    positions.forEach((position, node) => {
      this.#cellAt(position).add(node);
    });
  }

  get size(): number {
    return this.#positions.length;
  }

  position(node: number): Position {
    return this.#positions[node] as Position;
  }

  move(node: number, position: Position): void {
    for (const near of this.#around(this.position(node))) this.#paths[near] = undefined;
    this.#cellAt(this.position(node)).delete(node);
    this.#positions[node] = position;
    this.#cellAt(position).add(node);
    for (const near of this.#around(position)) this.#paths[near] = undefined;
  }

  /** Who hears a node, at whatever strength that is not nothing; in order of their numbers. */
  paths(from: number): readonly Path[] {
    const known = this.#paths[from];
    if (known !== undefined) return known;
    const paths: Path[] = [];
    for (const to of [...this.#around(this.position(from))].sort((a, b) => a - b)) {
      if (to === from) continue;
      const powerDbm = this.powerDbm(from, to);
      if (powerDbm >= this.#options.weakestDbm) paths.push({ to, powerDbm });
    }
    this.#paths[from] = paths;
    return paths;
  }

  /** How strong one place's signal arrives at another, dBm. */
  powerDbm(from: number, to: number): number {
    const { powerDbm, antennaGainDbi, shadowDb, asymmetryDb, model, frequencyHz, heightM } = this.#options;
    const [a, b] = [this.position(from), this.position(to)];
    const loss = pathLossDb(model, frequencyHz, Math.hypot(a.x - b.x, a.y - b.y), heightM);
    const both = shadowDb > 0 ? shadowDb * pairNormal(this.#seed, Math.min(from, to), Math.max(from, to)) : 0;
    // The seed of the directions is another, or one of them would repeat the pair's.
    const one = asymmetryDb > 0 ? asymmetryDb * pairNormal(~this.#seed, from, to) : 0;
    return powerDbm + 2 * antennaGainDbi - loss - both - one;
  }

  #cellAt({ x, y }: Position): Set<number> {
    const name = `${Math.floor(x / this.#cellM)},${Math.floor(y / this.#cellM)}`;
    const cell = this.#cells.get(name) ?? new Set<number>();
    this.#cells.set(name, cell);
    return cell;
  }

  *#around({ x, y }: Position): Iterable<number> {
    const [column, row] = [Math.floor(x / this.#cellM), Math.floor(y / this.#cellM)];
    for (let i = column - 1; i <= column + 1; i++)
      for (let j = row - 1; j <= row + 1; j++) yield* this.#cells.get(`${i},${j}`) ?? [];
  }
}
