import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const ticketSchema = z.object({
  number: z.int(),
  subject: z.string(),
  state: z.enum(['open', 'closed']),
  /** What the customer was told. */
  comment: z.string().optional(),
  /** Key of the call that closed it. */
  closedBy: z.string().optional(),
});
type Kept = z.infer<typeof ticketSchema>;
/** A ticket as models see it. */
export type Ticket = Omit<Kept, 'closedBy'>;

const file = process.env['TICKETS_FILE'] ?? 'tickets.json';

/** Tickets whose subject contains a text, whatever its case. */
export function findTickets(text: string): Ticket[] {
  const found = read().filter(({ subject }) => subject.toLowerCase().includes(text.toLowerCase()));
  return found.map(shown);
}

/**
 * Closes a ticket and tells its customer why. A call that is made again under its key finds what it has done; one under
 * another key, or under none, must not tell the customer a second time.
 */
export function closeTicket(number: number, comment: string, key: string | undefined): Ticket {
  // Nothing here waits, so that no other call comes between reading and writing.
  const tickets = read();
  const ticket = tickets.find((one) => one.number === number);
  if (!ticket) throw new Error(`there is no ticket ${number}`);
  if (ticket.state === 'closed' && key !== undefined && ticket.closedBy === key) return shown(ticket);
  if (ticket.state === 'closed') throw new Error(`ticket ${number} is closed already`);
  Object.assign(ticket, { state: 'closed', comment, closedBy: key });
  // Whole or not at all: a program that is killed here must not leave half a file.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(tickets, null, 2)}\n`);
  renameSync(draft, file);
  return shown(ticket);
}

function shown({ number, subject, state, comment }: Kept): Ticket {
  return { number, subject, state, comment };
}

function read(): Kept[] {
  return z.array(ticketSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
}
