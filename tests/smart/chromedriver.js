// A headless Chromium is driven through this; it and the browsers that it started end with this process.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export async function chromedriver() {
  const driver = spawn('chromedriver', ['--port=0'], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => {
    try { process.kill(-driver.pid, 'SIGKILL'); } catch { /* It has not started, or has ended. */ }
  });
  await new Promise((resolve, reject) => driver.once('spawn', resolve).once('error', reject));
  for await (const line of createInterface({ input: driver.stdout })) {
    const port = /started successfully on port (\d+)/.exec(line)?.[1];
    if (!port) continue;
    driver.stdout.resume();
    return `http://127.0.0.1:${port}`;
  }
  throw new Error('chromedriver has ended');
}
