import { EdgeError } from '../../core/errors.js';

/**
 * How signals weaken with distance. `suburban` and `urban` are 3GPP's macro cells (COST 231 Hata of TR 25.996),
 * `log-distance` has the constants LoRaSim measured in a built-up area; the others are Okumura and Hata's. Meshtasticator
 * has the same set, and `suburban` with antennas at 1 m as its default.
 */
export const LOSS_MODELS = [
  'suburban',
  'urban',
  'log-distance',
  'hata-city',
  'hata-metropolis',
  'hata-suburb',
  'hata-open',
  'free-space',
] as const;
export type LossModel = (typeof LOSS_MODELS)[number];

/** Nearer than this is as near. */
const NEAREST_M = 1;
/** LoRaSim: 127.41 dB at 40 m, and 2.08 for each tenfold distance. */
const REFERENCE_M = 40;
const REFERENCE_DB = 127.41;
const EXPONENT = 2.08;

/** Loss in dB over a distance in metres between antennas so high above ground. Throws EdgeError `sim.lora.model`. */
export function pathLossDb(model: LossModel, frequencyHz: number, distanceM: number, heightM = 1): number {
  const distance = Math.max(NEAREST_M, distanceM);
  const mhz = Math.log10(frequencyHz / 1e6);
  const km = Math.log10(distance / 1_000);
  switch (model) {
    case 'suburban':
      return macroCell(mhz, km, heightM, 0);
    case 'urban':
      return macroCell(mhz, km, heightM, 3);
    case 'log-distance':
      return REFERENCE_DB + 10 * EXPONENT * Math.log10(distance / REFERENCE_M);
    case 'free-space':
      return 32.45 + 20 * mhz + 20 * km;
    case 'hata-city':
      return hata(mhz, km, heightM, smallAntenna(mhz, heightM));
    case 'hata-metropolis':
      return hata(mhz, km, heightM, largeCityAntenna(mhz, heightM));
    case 'hata-suburb':
      return hata(mhz, km, heightM, smallAntenna(mhz, heightM)) - 2 * (mhz - Math.log10(28)) ** 2 - 5.4;
    case 'hata-open':
      return hata(mhz, km, heightM, smallAntenna(mhz, heightM)) - 4.78 * mhz ** 2 + 18.33 * mhz - 40.98;
    default:
      throw new EdgeError('sim.lora.model', `There is no path loss model ${JSON.stringify(model)}.`, {
        fix: `Use one of ${LOSS_MODELS.join(', ')}.`,
      });
  }
}

const macroCell = (mhz: number, km: number, heightM: number, extraDb: number): number =>
  (44.9 - 6.55 * Math.log10(heightM)) * km +
  45.5 +
  (35.46 - 1.1 * heightM) * mhz -
  13.82 * Math.log10(heightM) +
  0.7 * heightM +
  extraDb;

const hata = (mhz: number, km: number, heightM: number, antennaDb: number): number =>
  69.55 + 26.16 * mhz - 13.82 * Math.log10(heightM) - antennaDb + (44.9 - 6.55 * Math.log10(heightM)) * km;

const smallAntenna = (mhz: number, heightM: number): number => (1.1 * mhz - 0.7) * heightM - (1.56 * mhz - 0.8);

const largeCityAntenna = (mhz: number, heightM: number): number =>
  mhz <= Math.log10(200) ? 8.29 * Math.log10(1.54 * heightM) ** 2 - 1.1 : 3.2 * Math.log10(11.75 * heightM) ** 2 - 4.97;

const FARTHEST_M = 1e6;

/** The distance in metres at which the loss reaches so many dB. */
export function reachM(model: LossModel, frequencyHz: number, lossDb: number, heightM = 1): number {
  let [near, far] = [NEAREST_M, FARTHEST_M];
  while (far - near > 0.01 * near) {
    const middle = Math.sqrt(near * far);
    if (pathLossDb(model, frequencyHz, middle, heightM) <= lossDb) near = middle;
    else far = middle;
  }
  return far;
}
