import { type CancellationScope } from '@temporalio/workflow';
import { type PromptPart, type ResponseRef } from '../contract/activities';
import { type EndedStep, type TurnProgress } from '../contract/carry';
import { type Collected, type Failure, type Outcome } from '../contract/outcome';
import { type ResponseSeen } from '../contract/seen';
import { type Select, type StepDefaults } from '../contract/step';
import { type Run } from './run';

/** What an earlier step left behind for the steps that follow it. */
export interface Responded {
  id: string;
  outcome: Outcome;
  /** Why there is no usable output, or why it is not whole; undefined when `outcome` is completed. */
  reason?: string;
  /** The same for decisions: its type says what failed. */
  failure?: Failure;
  /** Where prompt and output are found; undefined when there is no usable output. */
  ref?: ResponseRef;
  /** Every response of the step, replaced ones included. */
  responseIds: string[];
  /** The last response that ended: preview, usage, parsed JSON, citations. */
  collected?: Collected;
}

/** What the step sees of earlier steps. A step without output stands in it as a marked note. */
export type RespondContext =
  | { strategy: 'stateless'; from: EndedStep[]; select?: Select }
  | { strategy: 'conversation'; conversation?: string; from?: EndedStep[]; select?: Select }
  | { strategy: 'previous_response'; from: EndedStep };

/** A step as `respond` takes it: references to earlier steps are their results, not their ids. */
export interface RespondStep extends Omit<StepDefaults, 'context' | 'onMissing'> {
  /** Unique in its workflow. */
  id: string;
  prompt: string | PromptPart[];
  context?: RespondContext;
}

/** Number of the turn whose response is to come. A step has one turn until its tools make it more. */
export function numberOf({ turns }: Pick<TurnProgress, 'turns'>): number {
  return turns?.number ?? 1;
}

/** A turn that has begun, in this execution of the run or in one before it. */
export interface OpenTurn extends TurnProgress {
  /** A lost response that showed itself and became the turn's. */
  adopted?: ResponseSeen;
  /** What the turn creates and waits for by itself: stopped when a lost response is adopted. */
  own?: CancellationScope;
  /** Background mode was refused: its creates run in the foreground. */
  refused?: boolean;
  /** How many people's decisions it waits for whose time is not the step's. */
  asking?: number;
}

/** One turn of a step while it is at work. */
export interface Turn extends OpenTurn {
  run: Run;
  step: RespondStep;
}

/** How far a turn has come, without what belongs to this execution alone. */
export function turnProgress(turn: OpenTurn): TurnProgress {
  const { startedAt, deadlineAt, creates, responseIds, retriesLeft, lost, lostAfter, askedSince, turns, rest } = turn;
  return { startedAt, deadlineAt, creates, responseIds, retriesLeft, lost, lostAfter, askedSince, turns, rest };
}
