import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Namespace, namespaceTrouble } from '../dist/testing/network-namespaces.js';

const run = promisify(execFile);
const PER_THOUSAND = 1_000;
/** By its place: a package of npm has a command of the same name. */
const NFT = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].find((path) => existsSync(path));

/** Of what comes in over the wires of a namespace, this share is lost, drawn for each datagram. */
const rulesFor = (share: number): string => `
table inet loss {
  chain in {
    type filter hook input priority 0; policy accept;
    iifname "wire*" meta l4proto udp counter
    iifname "wire*" meta l4proto udp numgen random mod ${PER_THOUSAND} < ${Math.round(share * PER_THOUSAND)} counter drop
  }
}`;

/** Why no wire can be made lossy here, `undefined` when one can. */
export function lossTrouble(): string | undefined {
  const trouble = namespaceTrouble();
  if (trouble !== undefined) return trouble;
  if (NFT === undefined) return 'needs nftables: scripts/setup --rigs';
  try {
    // Its own namespace ends with it.
    execFileSync('unshare', ['--net', NFT, '-f', '-'], { input: rulesFor(0.5), stdio: ['pipe', 'pipe', 'pipe'] });
    return undefined;
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? '').trim() || (error as Error).message;
    return `nft: ${said.split('\n')[0]}`;
  }
}

/** Loses this share of the datagrams that come in, from now on. */
export async function makeLossy({ name }: Namespace, share: number): Promise<void> {
  const nft = run('ip', ['netns', 'exec', name, NFT as string, '-f', '-']);
  nft.child.stdin?.end(rulesFor(share));
  await nft;
}

/** The share that was lost so far. */
export async function lossOf({ name }: Namespace): Promise<number> {
  const { stdout } = await run('ip', ['netns', 'exec', name, NFT as string, 'list', 'table', 'inet', 'loss']);
  const [came = 0, lost = 0] = [...stdout.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets));
  return came === 0 ? 0 : lost / came;
}
