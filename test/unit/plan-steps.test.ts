import * as fc from 'fast-check';
import { finalSteps, planSteps } from '../../contract/graph';
import { planPipeline } from '../../contract/pipeline';
import { type Step } from '../../contract/step';

type Edge = 'after' | 'from' | 'template';
type Node = { id: string; edges: { to: string; kind: Edge }[]; conversation: string | undefined };

function toStep({ id, edges, conversation }: Node): Step {
  const ids = (kind: Edge): string[] => edges.filter((edge) => edge.kind === kind).map(({ to }) => to);
  return {
    id,
    prompt: ['Say it.', ...ids('template').map((to) => `{{steps.${to}.text}}`)].join(' '),
    after: ids('after'),
    context: {
      strategy: conversation === undefined ? 'stateless' : 'conversation',
      ...(conversation !== undefined && { conversation }),
      from: ids('from'),
    },
  };
}

test('what others wrote reaches steps by tools, conversations, contexts and templates, and by nothing else', () => {
  const steps: Step[] = [
    { id: 'templated', prompt: '{{steps.chained.json.fact}}', after: [] },
    { id: 'search', prompt: 'Look up.', after: [], tools: [{ type: 'web_search' }] },
    {
      id: 'chained',
      prompt: 'Go on.',
      context: { strategy: 'stateless', from: ['search'] },
      format: { type: 'object' },
    },
    { id: 'own', prompt: 'Ask.', after: [], tools: ['weather'] },
    { id: 'talks', prompt: 'Talk.', after: [], context: { strategy: 'conversation' } },
    { id: 'later', prompt: 'Say it.', after: ['search', 'templated'] },
    { id: 'follows', prompt: 'And then?' },
  ];
  const { steps: planned, issues } = planSteps(steps, {}, undefined);
  expect(issues).toEqual([]);
  const open = planned.flatMap(({ id, openToOthers }) => (openToOthers ? [id] : []));
  expect(open).toEqual(['templated', 'search', 'chained', 'own', 'talks']);
});

/** A random graph without cycles, its steps in random order in the pipeline. */
const dag = (conversations: fc.Arbitrary<string | undefined>): fc.Arbitrary<Node[]> =>
  fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc
      .tuple(
        ...Array.from({ length: size }, (_, i) =>
          fc.record({
            id: fc.constant(`s${i}`),
            edges: fc.array(
              fc.record({
                to: fc.nat(Math.max(0, i - 1)).map((n) => `s${n}`),
                kind: fc.constantFrom<Edge>('after', 'from', 'template'),
              }),
              { maxLength: i === 0 ? 0 : 4 },
            ),
            conversation: conversations,
          }),
        ),
      )
      .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: size })),
  );

const plain = dag(fc.constant(undefined));

/** Every ancestor of every node, by a walk of its own. */
function ancestorsOf(nodes: readonly Node[]): Map<string, Set<string>> {
  const edges = new Map(nodes.map(({ id, edges: out }) => [id, out.map(({ to }) => to)]));
  return new Map(
    nodes.map(({ id }) => {
      const seen = new Set<string>();
      const open = [...(edges.get(id) ?? [])];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(...(edges.get(next) ?? []));
      }
      return [id, seen];
    }),
  );
}

test('every graph without cycles is accepted, and "needs" are its edges', () => {
  const property = fc.property(plain, (nodes) => {
    const { steps, issues } = planSteps(nodes.map(toStep), {}, undefined);
    expect(issues).toEqual([]);
    for (const [i, { edges }] of nodes.entries()) {
      expect(new Set(steps[i]?.needs)).toEqual(new Set(edges.map(({ to }) => to)));
      expect(steps[i]?.needs).toHaveLength(new Set(steps[i]?.needs).size);
    }
    const needed = new Set(nodes.flatMap(({ edges }) => edges.map(({ to }) => to)));
    expect(finalSteps(steps).map(({ id }) => id)).toEqual(nodes.map(({ id }) => id).filter((id) => !needed.has(id)));
  });
  fc.assert(property);
});

test('an edge back to a descendant is refused as a cycle that names only steps that wait', () => {
  const property = fc.property(
    plain,
    fc.nat(),
    fc.constantFrom<Edge>('after', 'from', 'template'),
    (nodes, n, kind) => {
      const ancestors = ancestorsOf(nodes);
      const pairs = nodes.flatMap(({ id }) => [...(ancestors.get(id) ?? [])].map((to) => ({ from: to, to: id })));
      fc.pre(pairs.length > 0);
      const back = pairs[n % pairs.length] ?? { from: '', to: '' };
      const closed = nodes.map((node) =>
        node.id === back.from ? { ...node, edges: [...node.edges, { to: back.to, kind }] } : node,
      );
      const { issues } = planSteps(closed.map(toStep), {}, undefined);
      expect(issues).toMatchObject([
        { path: ['steps'], message: expect.stringMatching(/^these steps wait for each other: /) },
      ]);
      expect(issues[0]?.message).toMatch(new RegExp(`\\b${back.from} \\(needs [^)]*\\b${back.to}\\b`));
      // A step that comes before both ends of the circle can run, so it is not named.
      for (const early of ancestors.get(back.from) ?? [])
        expect(issues[0]?.message).not.toMatch(new RegExp(`(?:: |; )${early} \\(`));
    },
  );
  fc.assert(property);
});

test('two steps race in a conversation exactly where neither is an ancestor of the other', () => {
  const property = fc.property(dag(fc.constantFrom(undefined, 'conv_1', 'conv_2')), (nodes) => {
    const ancestors = ancestorsOf(nodes);
    const racing = nodes.flatMap((a, i) =>
      nodes
        .slice(0, i)
        .filter((b) => a.conversation !== undefined && a.conversation === b.conversation)
        .filter((b) => !ancestors.get(a.id)?.has(b.id) && !ancestors.get(b.id)?.has(a.id))
        .map((b) => `"${a.id}" and "${b.id}"`),
    );
    const { issues } = planSteps(nodes.map(toStep), {}, undefined);
    expect(issues.map(({ message }) => /^"\w+" and "\w+"/.exec(message)?.[0])).toEqual(racing);
  });
  fc.assert(property);
});

const many = (context: object): object[] =>
  Array.from({ length: 500 }, (_, i) => ({ id: `s${i}`, prompt: 'x', context }));

describe('500 steps', () => {
  test.each([
    ['all see all', { strategy: 'stateless', from: 'all' }],
    ['all share a conversation', { strategy: 'conversation', from: 'all' }],
    ['a chain in a conversation', { strategy: 'conversation' }],
  ])('%s', (_name, context) => {
    expect(planPipeline({ steps: many(context) }).steps).toHaveLength(500);
  });
});

test('a step named twice in "from" is sent once', () => {
  const { steps } = planPipeline({
    steps: [
      { id: 'a', prompt: 'x' },
      { id: 'b', prompt: 'x', context: { strategy: 'stateless', from: ['a', 'a'] } },
    ],
  });
  expect(steps[1]).toMatchObject({ contextFrom: ['a'], sentFrom: ['a'], needs: ['a'] });
});

test('a step leaves the conversation of the defaults by naming another strategy', () => {
  const { steps } = planPipeline({
    steps: [
      { id: 'a', prompt: 'x' },
      { id: 'b', prompt: 'x', context: { strategy: 'stateless' } },
    ],
    defaults: { context: { strategy: 'conversation', conversation: 'conv_1' } },
  });
  expect(steps.map(({ context }) => context)).toEqual([
    { strategy: 'conversation', conversation: 'conv_1' },
    { strategy: 'stateless' },
  ]);
});

test.each([
  [
    'chains to it',
    [
      { id: 'a', prompt: 'x', deleteRemoteAfter: 'step' },
      { id: 'b', prompt: 'x', context: { strategy: 'previous_response' } },
    ],
    {},
    'steps[0].deleteRemoteAfter: expected "run" or "never" for "a", which "b" follows by previous_response, got "step"',
  ],
  [
    'is in a conversation',
    [{ id: 'a', prompt: 'x', context: { strategy: 'conversation' } }],
    { deleteRemoteAfter: 'run' },
    'defaults.deleteRemoteAfter: expected "never" for "a": a conversation keeps what it took over',
  ],
])('a response is not deleted where a step %s', (_name, steps, defaults, message) => {
  expect(() => planPipeline({ steps, defaults })).toThrow(message);
});

test('a response that others chain to is deleted with the run', () => {
  const steps = [
    { id: 'a', prompt: 'x', deleteRemoteAfter: 'run' },
    { id: 'b', prompt: 'x', context: { strategy: 'previous_response' } },
  ];
  expect(planPipeline({ steps, defaults: { deleteRemoteAfter: 'step' } }).steps).toMatchObject([
    { deleteRemoteAfter: 'run' },
    { deleteRemoteAfter: 'step' },
  ]);
});

test('ids that are names of an object’s own parts are ids like others', () => {
  const { steps } = planPipeline({
    steps: [
      { id: 'constructor', prompt: 'x' },
      { id: 'toString', prompt: '{{steps.constructor.text}} {{steps.hasOwnProperty.text}}' },
      { id: 'hasOwnProperty', prompt: 'x', after: [] },
    ],
  });
  expect(steps[1]?.needs).toEqual(['constructor', 'hasOwnProperty']);
});

test('input nested so deep that whoever walks through it breaks is refused in words', () => {
  let input: unknown = 'x';
  for (let depth = 0; depth < 100_000; depth += 1) input = depth % 2 === 0 ? [input] : { a: input };
  expect(() => planPipeline({ steps: [{ id: 'a', prompt: 'x' }], input })).toThrow(
    'pipeline input is not valid: input: expected at most 100 lists or objects inside each other',
  );
});
