import { type Client } from '@temporalio/client';

/** The parts of an event that are read here. */
interface Event {
  eventId?: unknown;
  activityTaskScheduledEventAttributes?: { activityType?: { name?: string | null } | null } | null;
  activityTaskStartedEventAttributes?: { scheduledEventId?: unknown; attempt?: number | null } | null;
  workflowExecutionStartedEventAttributes?: object | null;
  timerStartedEventAttributes?: object | null;
  markerRecordedEventAttributes?: object | null;
  workflowExecutionSignaledEventAttributes?: object | null;
}

/** What a run costs at Temporal. */
export interface Billed {
  /** Events of its history. */
  events: number;
  /** Billable actions by the rules of Temporal Cloud. */
  actions: number;
}

/** What a run cost at Temporal, from its history. */
export async function billedOf(client: Client, workflowId: string): Promise<Billed> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return billedEvents(events ?? []);
}

/**
 * Counts by Temporal's rules (docs.temporal.io, "Temporal Cloud Actions"): one for the start, each timer, each signal and
 * marker, and each start of an activity, attempts included. Heartbeats that reach the server count too and leave no
 * event: every attempt of the engine's create sends one. A completion by id, which announcers send, is no action.
 */
export function billedEvents(events: readonly Event[]): Billed {
  const creates = new Set<string>();
  let actions = 0;
  for (const event of events) {
    const { activityType } = event.activityTaskScheduledEventAttributes ?? {};
    if (activityType?.name === 'durableResearch.createResponse') creates.add(String(event.eventId));
    const started = event.activityTaskStartedEventAttributes;
    if (started) actions += (started.attempt ?? 1) * (creates.has(String(started.scheduledEventId)) ? 2 : 1);
    const counted =
      event.workflowExecutionStartedEventAttributes ??
      event.timerStartedEventAttributes ??
      event.markerRecordedEventAttributes ??
      event.workflowExecutionSignaledEventAttributes;
    if (counted) actions += 1;
  }
  return { events: events.length, actions };
}
