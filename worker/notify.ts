import { spawn } from 'node:child_process';
import { Webhook } from 'standardwebhooks';
import { type Notification } from '../contract/activities';
import { type NotifyConfig } from './config';

const TIMEOUT_MS = 10_000;

/** Sends notifications as a signed webhook, to a command, or both; throws when a receiver did not take it. */
export function createNotifier({ url, secret, command }: NotifyConfig): (notification: Notification) => Promise<void> {
  return async (notification) => {
    const body = JSON.stringify(notification);
    const { runId, type, occurrence, approval } = notification;
    const id = [runId, type, occurrence ?? approval?.id].filter((part) => part !== undefined).join('.');
    if (url !== undefined && secret !== undefined) await sendWebhook({ url, secret, body, id });
    if (command !== undefined) await runCommand(command, body);
  };
}

type Delivery = { url: string; secret: string; body: string; id: string };

/** Standard Webhooks: the id stays the same over retries, so that a receiver can drop duplicates. */
async function sendWebhook({ url, secret, body, id }: Delivery): Promise<void> {
  const now = new Date();
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`the receiver at ${new URL(url).host} answered ${answer.status}; expected 2xx`);
}

async function runCommand(command: string, body: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'ignore', 'inherit'], timeout: TIMEOUT_MS });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0
        ? resolve()
        : reject(
            new Error(
              `DURABLE_RESEARCH_NOTIFY_COMMAND ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}; expected 0`,
            ),
          ),
    );
    // A command that does not read its input closes the pipe early: its exit code tells whether that was well.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.stdin.end(body);
  });
}
