import test from 'ava';
import { datagramsContract } from '../../testing/contracts/datagrams.js';
import { nodeDatagrams } from './node-datagrams.js';

datagramsContract(test, 'dgram', nodeDatagrams);
