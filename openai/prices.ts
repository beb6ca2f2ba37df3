import { readFile } from 'node:fs/promises';
import { InvalidInputError, parseInput } from '../contract/issues';
import { pricedName, type PriceTable, priceTableSchema } from '../contract/prices';
// Not named like this module: loaders that try extensions in turn would take the table for it.
import table from './price-table.json';

/**
 * The price table of a worker: the user's own file where one is named, else the dated table of this version.
 * @throws InvalidInputError for a file that is no price table, naming each wrong path.
 */
export async function loadPrices(file?: string): Promise<PriceTable> {
  return file === undefined
    ? priceTableSchema.parse(table)
    : parseInput(`price table ${file}`, priceTableSchema, await read(file));
}

async function read(file: string): Promise<unknown> {
  const what = `price table ${file}`;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InvalidInputError(what, [{ path: [], message: `cannot be read (${String(error)})` }]);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError(what, [{ path: [], message: `expected JSON (${String(error)})` }]);
  }
}

/** The part of a table that a run needs: the models it names, a dated snapshot by its model, and every tool's fee. */
export function selectPrices(prices: PriceTable, models: readonly string[]): PriceTable {
  const named = models.flatMap((model) => {
    const name = pricedName(prices, model);
    const price = name === undefined ? undefined : prices.models[name];
    return name === undefined || price === undefined ? [] : [[name, price] as const];
  });
  return { ...prices, models: Object.fromEntries(named) };
}
