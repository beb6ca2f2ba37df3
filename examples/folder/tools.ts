import { searchFiles } from 'durable-research/tools';

const root = process.env['HANDBOOK'];
if (root === undefined) throw new Error('HANDBOOK is not set; expected the folder that holds the handbook');

export const searchHandbook = searchFiles({
  name: 'search_handbook',
  about: 'The handbook of the company: releases, on call, incidents.',
  root,
});
