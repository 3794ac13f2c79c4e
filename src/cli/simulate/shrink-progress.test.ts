import test from 'ava';
import { ShrinkProgress } from './shrink-progress.js';

function shown(isTTY: boolean): { text: () => string; progress: ShrinkProgress; wait: (ms: number) => void } {
  let [text, now] = ['', 0];
  const screen = {
    isTTY,
    write: (more: string) => {
      text += more;
    },
  };
  const wait = (ms: number): void => {
    now += ms;
  };
  return { text: () => text, progress: new ShrinkProgress(screen, () => now), wait };
}

test('on a terminal what is being done is redrawn, and taken away by what is found and at the end', (t) => {
  const { text, progress } = shown(true);
  progress.doing('1 run');
  progress.say('smaller');
  progress.doing('2 runs');
  progress.end();
  t.is(text(), '\r\x1b[2K1 run\r\x1b[2Ksmaller\n\r\x1b[2K2 runs\r\x1b[2K');
});

test('when piped what is being done is a line now and then', (t) => {
  const { text, progress, wait } = shown(false);
  progress.doing('1 run');
  wait(4_999);
  progress.doing('2 runs');
  wait(1);
  progress.doing('3 runs');
  progress.say('smaller');
  progress.end();
  t.is(text(), '1 run\n3 runs\nsmaller\n');
});
