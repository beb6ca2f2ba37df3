import { describeTables, querySql } from 'durable-research/tools';

const connectionString = process.env['REPORTS_DATABASE_URL'];
if (connectionString === undefined)
  throw new Error('REPORTS_DATABASE_URL is not set; expected the connection string of a role that can only read');

/** Read once, at the start of the worker: the model is told what tables there are, and only what the role may see. */
const schema = await describeTables({ connectionString, tables: ['customers', 'orders'] });

export const querySales = querySql({ name: 'query_sales', connectionString, schema, maxRows: 50 });
