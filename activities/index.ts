import { awaitResponse } from './await-response';
import { callTool } from './call-tool';
import { countWaits } from './count-waits';
import { cancelResponse } from './cancel-response';
import { createConversation } from './create-conversation';
import { createResponse } from './create-response';
import { deleteResponse } from './delete-response';
import { type ActivityDeps } from './deps';
import { listTools } from './list-tools';
import { notify } from './notify';
import { readText } from './read-text';
import { resolveRun } from './resolve-run';
import { limited, streamResponse } from './stream-response';

export { conclude, look } from './look';
export { joinTexts } from './read-text';
export type { ActivityDeps, Announcer, BackgroundMemory, PendingWait } from './deps';

type Verb<I, O> = (input: I) => Promise<O>;
const bind =
  <I, O>(deps: ActivityDeps, verb: (deps: ActivityDeps, input: I) => Promise<O>): Verb<I, O> =>
  (input) =>
    verb(deps, input);

/**
 * The activities of the engine, by the names under which a worker registers them.
 * @example Worker.create({ activities: { ...createActivities(deps), ...yourOwn } })
 */
export function createActivities(deps: ActivityDeps) {
  return {
    'durableResearch.resolveRun': bind(deps, resolveRun),
    'durableResearch.listTools': bind(deps, listTools),
    'durableResearch.createConversation': bind(deps, createConversation),
    'durableResearch.createResponse': bind(deps, countWaits(createResponse)),
    'durableResearch.streamResponse': limited(bind(deps, countWaits(streamResponse))),
    'durableResearch.awaitResponse': bind(deps, awaitResponse),
    'durableResearch.cancelResponse': bind(deps, cancelResponse),
    'durableResearch.deleteResponse': bind(deps, deleteResponse),
    'durableResearch.callTool': bind(deps, callTool),
    'durableResearch.readText': bind(deps, readText),
    'durableResearch.notify': bind(deps, notify),
  };
}

/** Types of the activities, for `proxyActivities` in workflows. */
export type ResearchActivities = ReturnType<typeof createActivities>;
