import assert from 'node:assert/strict';
import test from 'node:test';
import { ExactSearch } from './exact.mjs';
import { EMBEDDING_VALUES, Identities } from './identities.mjs';

const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function filled() {
  const identities = new Identities(5, 1);
  const exact = new ExactSearch();
  for (let i = 0; i < 100; i++) {
    const { hash, embedding } = identities.detection('north');
    exact.add(hash, embedding);
  }
  return { exact, probe: identities.look(2) };
}

test('the same seed makes the same looks, and another seed others', () => {
  const [one, same, other] = [new Identities(3, 9), new Identities(3, 9), new Identities(3, 10)];
  const look = one.look(1);
  assert.deepEqual(look, same.look(1));
  assert.notDeepEqual(look, other.look(1));
});

test('looks at one identity are near each other, looks at two are not', () => {
  const identities = new Identities(2, 4);
  assert.equal(identities.look(0).length, EMBEDDING_VALUES);
  assert.ok(Math.abs(Math.hypot(...identities.look(0)) - 1) < 1e-5);
  assert.ok(cosine(identities.look(0), identities.look(0)) > 0.7);
  assert.ok(Math.abs(cosine(identities.look(0), identities.look(1))) < 0.25);
});

test('an answer that is the exact one has no fault, whatever order equals have', () => {
  const { exact, probe } = filled();
  const best = exact.best(probe, 5);
  assert.equal(exact.fault(probe, 5, best), undefined);
  assert.equal(best.length, 5);
  assert.ok(best.every(({ score }, i) => i === 0 || score <= best[i - 1].score));
});

test('an answer that misses, repeats, invents or misjudges is found out', () => {
  const { exact, probe } = filled();
  const best = exact.best(probe, 6);
  const five = best.slice(0, 5);
  assert.match(exact.fault(probe, 5, five.slice(1)), /4 results instead of 5/);
  assert.match(exact.fault(probe, 5, [...five.slice(0, 4), best[5]]), /not among the best 5/);
  assert.match(exact.fault(probe, 5, [...five.slice(0, 4), five[0]]), /twice/);
  assert.match(exact.fault(probe, 5, [...five.slice(0, 4), { hash: 'ff', score: 1 }]), /never pushed/);
  assert.match(
    exact.fault(
      probe,
      5,
      five.map(({ hash, score }) => ({ hash, score: score - 0.01 })),
    ),
    /instead of/,
  );
});
