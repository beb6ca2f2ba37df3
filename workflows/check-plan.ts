import { type InputIssue } from '../contract/issues';
import { type PipelinePlan } from '../contract/pipeline';
import { tooManyTools, unpricedReason } from './claim-step';
import { NEEDS_STORE } from './deletions';
import { invalidInput, runFailure } from './failures';
import { type Run } from './run';

/** Refuses what a plan asks for and the workers of this run cannot give: ends the run as `InvalidInput`. */
export function checkPlan(run: Run, plan: PipelinePlan): void {
  refuseWithoutWebhooks(run, plan);
  refuseWithoutStore(run, plan);
  refuseWithoutPrice(run, plan);
  refuseTooManyTools(run, plan);
}

/** A server may list more tools than a request takes. */
function refuseTooManyTools({ record }: Run, { input, steps }: PipelinePlan): void {
  const issues = steps.flatMap(({ tools }, index): InputIssue[] => {
    const message = tooManyTools(record, tools);
    const path = input.steps[index]?.tools ? ['steps', index, 'tools'] : ['defaults', 'tools'];
    return message === undefined ? [] : [{ path, message }];
  });
  if (issues.length > 0) throw invalidInput('pipeline input', issues);
}

/** What only a webhook can end would run into its deadline. */
function refuseWithoutWebhooks({ onAmbiguousCreate, record }: Run, { steps }: PipelinePlan): void {
  const step = steps.find(({ wait }) => wait === 'webhook');
  const field =
    onAmbiguousCreate === 'wait' ? 'onAmbiguousCreate: "wait"' : step && `step "${step.id}": wait: "webhook"`;
  if (record.webhooks || !field) return;
  throw runFailure(
    'InvalidInput',
    `pipeline input is not valid: ${field} needs the provider's webhooks; set OPENAI_WEBHOOK_SECRET at worker and gateway, or leave it out`,
  );
}

/** What is deleted where alone it is kept would be lost. */
function refuseWithoutStore({ record }: Run, { input, steps }: PipelinePlan): void {
  const index = steps.findIndex(({ deleteRemoteAfter = 'never' }) => deleteRemoteAfter !== 'never');
  if (index === -1 || record.ownStore) return;
  const own = input.steps[index]?.deleteRemoteAfter !== undefined;
  const path = own ? ['steps', index, 'deleteRemoteAfter'] : ['defaults', 'deleteRemoteAfter'];
  throw invalidInput('pipeline input', [{ path, message: NEEDS_STORE }]);
}

/** A cap in USD cannot be held where prices are not known. */
function refuseWithoutPrice(run: Run, { input, steps }: PipelinePlan): void {
  const issues = steps.flatMap(({ model }, index) => {
    const message = unpricedReason(run, model);
    const own = input.steps[index]?.model !== undefined;
    const path = own ? ['steps', index, 'model'] : model === undefined ? ['budget', 'usd'] : ['defaults', 'model'];
    return message === undefined ? [] : [{ path, message }];
  });
  if (issues.length > 0) throw invalidInput('pipeline input', issues);
}
