import test from 'ava';
import fc from 'fast-check';
import { airtimeMs } from '../../mesh/carrier.js';
import { loraAirtimeMs, loraTraits, MODEMS, type Modem, modemOf, sensitivityDbm, snrFloorDb } from './modem.js';

const lorawan = (spreadingFactor: number): Modem => ({
  name: 'LoRaWAN',
  spreadingFactor,
  bandwidthHz: 125_000,
  codingRate: 1,
  preambleSymbols: 8,
});

test('airtimes are those of LoRaWAN’s published table: 23 bytes at 125 kHz', (t) => {
  const published = { 7: 61.696, 8: 113.152, 9: 205.824, 10: 370.688, 11: 823.296, 12: 1482.752 };
  for (const [sf, ms] of Object.entries(published))
    t.is(Math.abs(loraAirtimeMs(lorawan(Number(sf)), 23) - ms) < 0.001, true, sf);
});

test('a LongFast frame of 56 bytes takes 682 ms, and 1,042 as Meshtasticator counts', (t) => {
  t.is(Math.round(loraAirtimeMs(MODEMS.LongFast, 56)), 682);
  t.is(Math.round(loraAirtimeMs(MODEMS.LongFast, 56, true)), 1_042);
});

test('sensitivities are those of the presets’ table at a noise figure of 6 dB', (t) => {
  const published = {
    ShortTurbo: -118.5,
    ShortFast: -121.5,
    MediumFast: -126.5,
    LongFast: -131.5,
    LongModerate: -134.5,
    LongSlow: -137,
  };
  for (const [name, dbm] of Object.entries(published)) {
    const difference = Math.abs(sensitivityDbm(modemOf(name)) - dbm);
    t.true(difference < 0.6, `${name} differs by ${difference} dB`);
  }
  t.is(snrFloorDb(MODEMS.LongFast), -17.5);
  t.is(snrFloorDb(MODEMS.ShortFast), -7.5);
});

test('the engine’s airtime is the modem’s, within a block of code', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(MODEMS)), fc.integer({ min: 12, max: 255 }), (modem, bytes) => {
      const [engine, air] = [airtimeMs(loraTraits(modem, 1, 0), bytes), loraAirtimeMs(modem, bytes)];
      const blockMs = ((modem.codingRate + 4) * 2 ** modem.spreadingFactor * 1_000) / modem.bandwidthHz;
      t.true(
        Math.abs(engine - air) <= 0.51 * blockMs + 0.6 + 0.002 * air,
        `${modem.name} ${bytes}: ${engine} for ${air}`,
      );
    }),
  );
});

test('a preset that does not exist is refused with those that do', (t) => {
  const error = t.throws(() => modemOf('toString'));
  t.regex((error as unknown as { fix: string }).fix, /LongFast/);
});
