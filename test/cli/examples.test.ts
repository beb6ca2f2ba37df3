import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finalSteps } from '../../contract/graph';
import { planPipeline } from '../../contract/pipeline';
import { parseJson } from '../../cli/load-pipeline';

const FOLDER = join(__dirname, '..', '..', 'examples');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const plan = (file: string) => planPipeline(parseJson(readFileSync(join(FOLDER, file), 'utf8'), file));

test.each(files)('%s is a pipeline', (file) => {
  expect(plan(file).steps.length).toBeGreaterThan(1);
});

test.each([
  ['explain-compare-stateless.json', 'stateless'],
  ['explain-compare-conversation.json', 'conversation'],
  ['explain-compare-previous-response.json', 'previous_response'],
])('%s compares in the light of the explanation', (file, strategy) => {
  const [explain, compare] = plan(file).steps;
  expect([explain?.prompt, compare?.prompt]).toEqual(['Explain Paxos.', 'Compare to Raft.']);
  expect(compare).toMatchObject({ needs: ['explain'], context: { strategy } });
});

test('graph.json runs two steps side by side and ends in one', () => {
  const { steps } = plan('graph.json');
  expect(steps.filter(({ needs }) => needs.join() === 'plan').map(({ id }) => id)).toEqual(['paxos', 'raft']);
  expect(finalSteps(steps).map(({ id }) => id)).toEqual(['report']);
});
