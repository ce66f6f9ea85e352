// One bot, one process. SIGTERM and SIGINT let it finish its move, for a bounded time, and it exits with 0.
import sharp from 'sharp';
import { Bot } from './bot.ts';
import { type BotConfig, readConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { Journal } from './journal.ts';
import { keepScanning } from './scan-loop.ts';

/** How long the current move may take once the bot is told to stop. */
const LAST_MOVE_MS = 4000;

await main();

async function main(): Promise<void> {
  const config = configOrExplain();
  if (config === undefined) return;
  // Next to the service it tests, a bot should be hardly noticed.
  sharp.concurrency(1);
  sharp.cache(false);
  const stopping = new AbortController();
  const over = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    setTimeout(() => over.abort(), LAST_MOVE_MS).unref();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const journal = new Journal(config.name, process.stdout, process.stderr);
  const bot = new Bot({ config, journal, random: Math.random, signal: over.signal });
  process.send?.('ready');
  await keepScanning(bot, config.scanIntervalMs, stopping.signal);
}

function configOrExplain(): BotConfig | undefined {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
