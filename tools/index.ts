/** Tools of your own for the steps of runs: `durable-research/tools`. */
export { defineTool, type Tool, type ToolContext, type ToolOptions } from './define-tool';
export { fetchPage, type FetchPageOptions } from './fetch-page';
export { describeTables, type DescribeTablesOptions } from './postgres/describe-tables';
export { querySql, type QuerySqlOptions } from './query-sql';
export { type FunctionDefinition, type RegisteredTool, registerTools, type ToolRegistry } from './registry';
export { searchFiles, type SearchFilesOptions } from './search-files';
