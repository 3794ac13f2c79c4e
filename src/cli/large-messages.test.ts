import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createHttpServer } from '../http/server.js';
import type { Log } from '../ports/log.js';
import { edgeAgent } from '../testing/command-line.js';
import { FAKE_PEER, FakeAgent } from '../testing/fake-agent.js';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

test('a large file is sent, its bytes are saved where they arrived, and what is not there is told', async (t) => {
  const agent = new FakeAgent();
  const http = await createHttpServer({ agent, host: '127.0.0.1', port: 0, log: silent });
  t.teardown(() => http.close());
  const run = (...args: string[]) => edgeAgent([...args, '--url', http.url]);
  const directory = mkdtempSync(join(tmpdir(), 'edge-large-'));
  const [file, saved] = [join(directory, 'model.bin'), join(directory, 'saved.bin')];
  writeFileSync(file, Buffer.alloc(2 << 20, 'weights'));
  const sent = await run('send', FAKE_PEER, 'parameters', '--file', file);
  t.is(sent.code, 0, sent.stderr);
  const { payloadBase64 = '' } = (agent.calls.at(-1)?.with ?? {}) as { payloadBase64?: string };
  t.is(Buffer.from(payloadBase64, 'base64').length, 2 << 20);
  const told = await run('message', sent.stdout.trim(), '--save', saved);
  t.is(told.code, 0, told.stderr);
  t.deepEqual([...readFileSync(saved)], [1, 2, 3]);
  const unknown = await run('why', '00112233445566778899aabbccdd', '--save', saved, '--json');
  t.is(unknown.code, 1);
  t.is(JSON.parse(unknown.stderr).code, 'payload.unknown');
  const nowhere = await run('message', sent.stdout.trim(), '--save', join(directory, 'no', 'such'));
  t.is(nowhere.code, 1);
  t.regex(nowhere.stderr, /cannot be written/);
  writeFileSync(file, Buffer.alloc(9 << 20));
  const tooLarge = await run('send', FAKE_PEER, 'parameters', '--file', file);
  t.is(tooLarge.code, 2);
  t.regex(tooLarge.stderr, /9437184 bytes, a message at most 8387584/);
});
