import { type Created, type ResponseRef } from '../contract/activities';
import { DEFAULT_MAX_TURNS } from '../contract/graph';
import { type Collected, type Failure, type ToolCall } from '../contract/outcome';
import { type Ended } from './first-response';
import { numberOf, type Turn } from './turn';

/** Whether no turn may follow: the response of this one had to be an answer. */
export function isLastTurn(turn: Turn): boolean {
  return numberOf(turn) >= (turn.step.maxTurns ?? DEFAULT_MAX_TURNS);
}

/** The turn after one that asked for calls: what was counted for a turn begins anew. */
export function beginNextTurn(turn: Turn, { created, collected }: Ended, calls: ToolCall[]): void {
  const { usage, toolCalls = calls.length } = collected;
  turn.turns = {
    number: numberOf(turn) + 1,
    earlier: [...(turn.turns?.earlier ?? []), { responseId: created.responseId, outputs: [] }],
    calls,
    used: (turn.turns?.used ?? 0) + toolCalls,
    told: turn.turns?.told ?? {},
    promptRef: turn.turns?.promptRef ?? created.promptRef,
    tokens: (usage?.input ?? 0) + (usage?.output ?? 0),
    bytes: 0,
  };
  turn.creates = 0;
  turn.lost = 0;
  turn.lostAfter = undefined;
}

/** Where the step's output is found, with everything that was said on the way to it. */
export function refTo({ step, turns }: Turn, { responseId, promptRef }: Created): ResponseRef {
  const stepId = step.id;
  return turns
    ? { stepId, responseId, promptRef: turns.promptRef, turns: turns.earlier }
    : { stepId, responseId, promptRef };
}

/** The failure of a last turn that asked for tools and gave no answer, or none in the form that was wanted. */
export function turnsExhausted({ step, turns }: Turn, { textBytes }: Collected): Failure | undefined {
  if (textBytes > 0 && !step.format) return undefined;
  const message = `the model asked for tools in turn ${turns?.number ?? 1}, the last one, and gave no answer; raise "maxTurns", or ask for less in one step`;
  return { type: 'TurnsExhausted', message };
}
