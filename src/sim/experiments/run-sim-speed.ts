import { simSpeed } from './sim-speed.js';

const [nodes = 1_000, minutes = 10, seed = 1] = process.argv.slice(2).map(Number);
const before = process.cpuUsage();
const figures = await simSpeed(seed, nodes, minutes * 60_000);
const { user, system } = process.cpuUsage(before);
const cpuSeconds = (user + system) / 1e6;
process.stdout.write(`${JSON.stringify({ ...figures, cpuSeconds, rssMb: process.memoryUsage().rss / 1e6 })}\n`);
