import type { Item } from '../responses/record';

/** A stored conversation. Times are milliseconds since the epoch. */
export interface ConversationRecord {
  readonly id: string;
  readonly createdAt: number;
  readonly metadata: Record<string, string>;
  /** The last response created in it: while that one is open, the conversation is locked. */
  readonly lastResponseId?: string;
  /** Number of items ever added; the next item's place. */
  readonly length: number;
}

/** One item of a conversation. */
export interface ConversationItemRow {
  readonly item: Item;
  /** Items of a response belong to the conversation from its end on. */
  readonly visibleAt: number;
  /** The response that brought it; items added by a client have none. */
  readonly responseId: string | null;
}

/** Key of a conversation's n-th item; sorts in order of addition. */
export function itemKey(conversationId: string, position: number): string {
  return `${conversationId}!${String(position).padStart(10, '0')}`;
}

/** The range of keys that holds every item of a conversation. */
export function itemRange(conversationId: string): { gt: string; lt: string } {
  return { gt: `${conversationId}!`, lt: `${conversationId}"` };
}
