import { readWorkerConfig } from '../../worker';
import startTemporal from '../setup/start-temporal';
import { worstUsd } from './pipelines';

/** States the price, then refuses to spend it unless it was agreed to. */
async function startLive(): Promise<void> {
  if (!process.env['OPENAI_API_KEY']) refuse('The live tests need OPENAI_API_KEY.');
  const usd = await worstUsd(process.env);
  const model = readWorkerConfig(process.env).defaultModel;
  if (Number.isNaN(usd))
    refuse(`No price is known for ${model}; set OPENAI_MODEL, or DURABLE_RESEARCH_PRICES to a table that has it.`);
  const where = process.env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1';
  process.stderr.write(
    `\nThe live tests can cost at most USD ${usd.toFixed(2)} with ${model} at ${where}; commonly a tenth of that.\n`,
  );
  if (process.env['DURABLE_RESEARCH_LIVE'] !== 'yes')
    refuse('Set DURABLE_RESEARCH_LIVE=yes to spend it. Nothing was started.');
  await startTemporal();
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

export = startLive;
