import { utf8 } from '../core/bytes.js';
import type { Crypto } from '../ports/crypto.js';

/** The tag key of an open mesh follows from its name: it keeps meshes apart and proves nothing (docs/protocol.md). */
export const openMeshTagKey = (crypto: Crypto, meshName: string): Uint8Array =>
  crypto.hkdf(utf8(meshName), new Uint8Array(0), 'edge-agent/1/open-mesh/tag', 16);
