import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the server's process (node --import): measures how long its event loop is held, and tells whoever asks
 * over the process' channel. The answer covers the time since the question before.
 */
const RESOLUTION_MS = 5;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();

process.on('message', (question) => {
  if (question !== 'held') return;
  // The histogram holds the time from one tick of its timer to the next, which is the resolution when nothing holds it.
  const heldMs = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
  delays.reset();
  process.send?.({ heldMs });
});
// Whoever started the server has died: nobody else would end it.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
