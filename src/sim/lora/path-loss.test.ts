import test from 'ava';
import { LOSS_MODELS, pathLossDb, reachM } from './path-loss.js';

const MHZ = 1e6;

test('free space loses 91.2 dB over a kilometre at 868 MHz', (t) => {
  t.true(Math.abs(pathLossDb('free-space', 868 * MHZ, 1_000) - 91.2) < 0.05);
});

test('the suburban model is COST 231’s macro cell: 147.8 dB over a kilometre at 908.75 MHz, 44.9 dB a decade', (t) => {
  const at = (metres: number): number => pathLossDb('suburban', 908.75 * MHZ, metres);
  t.true(Math.abs(at(1_000) - 147.85) < 0.01);
  t.true(Math.abs(at(10_000) - at(1_000) - 44.9) < 1e-9);
  t.is(pathLossDb('urban', 908.75 * MHZ, 1_000), at(1_000) + 3);
});

test('Hata’s town at 900 MHz: 126.4 dB over a kilometre from 30 m, for antennas as high', (t) => {
  // 69.55 + 26.16·log 900 − 13.82·log 30 − a(30), with a(30) = 1.1·log 900·30 − 0.7·30 − 1.56·log 900 + 0.8.
  const log = Math.log10(900);
  const antenna = (1.1 * log - 0.7) * 30 - (1.56 * log - 0.8);
  const expected = 69.55 + 26.16 * log - 13.82 * Math.log10(30) - antenna;
  t.true(Math.abs(pathLossDb('hata-city', 900 * MHZ, 1_000, 30) - expected) < 1e-9);
  t.true(pathLossDb('hata-open', 900 * MHZ, 1_000, 30) < pathLossDb('hata-suburb', 900 * MHZ, 1_000, 30));
  t.true(pathLossDb('hata-suburb', 900 * MHZ, 1_000, 30) < expected);
});

test('every model loses more the farther, and its reach is where the loss says', (t) => {
  for (const model of LOSS_MODELS) {
    let last = Number.NEGATIVE_INFINITY;
    for (let metres = 1; metres < 50_000; metres *= 1.5) {
      const loss = pathLossDb(model, 868 * MHZ, metres);
      t.true(loss > last || metres === 1, `${model} at ${metres}`);
      last = loss;
    }
    const metres = reachM(model, 868 * MHZ, 140);
    t.true(Math.abs(pathLossDb(model, 868 * MHZ, metres) - 140) < 0.3, model);
  }
});

test('LongFast with 30 dBm, no gain and antennas at a metre goes two kilometres, as in Meshtasticator', (t) => {
  const metres = reachM('suburban', 908.75 * MHZ, 161.5);
  t.true(metres > 1_990 && metres < 2_040, `${metres}`);
});
