import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the shop keeps of an order. */
export interface Order {
  article: string;
  quantity: number;
  orderedAt: string;
}

/**
 * Stands for a shop that honours idempotency keys: one file an order, named by its key. An order that is placed a
 * second time is the one that is there already.
 */
export async function placeOrder(key: string, what: Omit<Order, 'orderedAt'>): Promise<Order> {
  const folder = process.env['SHOP_FOLDER'] ?? 'orders';
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${encodeURIComponent(key)}.json`);
  const draft = join(folder, `.${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ ...what, orderedAt: new Date().toISOString() }));
  try {
    // Whole or not at all, and never over an order that is there: unlike a write, a link is one step.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return JSON.parse(await readFile(file, 'utf8')) as Order;
}
