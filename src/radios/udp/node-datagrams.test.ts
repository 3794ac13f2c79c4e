import { datagramsContract } from '../../testing/contracts/datagrams.js';
import { nodeDatagrams } from './node-datagrams.js';

datagramsContract('dgram', nodeDatagrams);
