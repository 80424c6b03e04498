// What all clients of this suite are asked, what they may call, and how they
// report what they saw.
import assert from 'node:assert/strict';
import { z } from 'zod';

/** Headers of all calls. The first is in no extra of hotmess; the second asks the API to refuse, or to fail. */
export const headers = (wish) => ({ 'X-Client-Request-Id': 'e2e', ...(wish && { 'X-Simulate': wish }) });

/**
 * A question with a final answer. The simulated model tells requests apart by
 * their prompt and gives each its own sequence of answers, so every scenario
 * has a topic of its own: an extra then takes no answer away from the client.
 */
export const question = (topic) =>
  `About ${topic}: which one is it?\nA) one\nB) two\nC) three\nEnd with a last line of the form: Answer: <letter>`;

/** A task that takes the model some calls of tools. */
export const task = (topic) => `Please do task ${topic}-1.`;

/** How many results of tools the simulated model wants before it is done. It calls up to two at once. */
export const steps = 5;

export const tools = {
  get_record: { description: 'Reads a record.', parameters: z.object({ id: z.int().min(1).max(999) }) },
  set_state: { description: 'Changes the state.', parameters: z.object({ state: z.enum(['open', 'held', 'closed']) }) },
  read_file: { description: 'Reads a file.', parameters: z.object({ path: z.string() }) },
};

/** What every tool answers. */
export const done = (name) => `${name} is done`;

/** The tools in some SDK's form. */
export const toolsAs = (make) => Object.entries(tools).map(([name, tool]) => make(name, tool));

/** The form of a structured answer. */
export const Verdict = z.object({ verdict: z.enum(['yes', 'no']), score: z.int().min(0).max(10) });

/** The letter that a text ends with, which must be there. */
export function letter(text) {
  const found = /\nAnswer: ([ABC])$/.exec(text);
  assert(found, `no final answer in ${JSON.stringify(text)}`);
  return found[1];
}

/** What is run: answers, errors, or loops of which a guard of hotmess holds and refuses every call. */
const [, , stage = 'answers'] = process.argv;

/** What an agent gets in place of a call that is refused: one turn, which is a whole reply of text. */
export function checkHeld({ turns, text }) {
  assert.equal(turns.length, 1, 'turns');
  assert.deepEqual(turns[0].calls, []);
  assert.match(text, /\[hotmess\] This reply was held back/);
  assert(turns[0].usage, 'no usage');
  return { turns, text };
}

/** A tool loop must take as many calls as the task has steps, ids of their own, and end in a text. */
export function checkLoop({ turns, text }) {
  if (stage === 'held') return checkHeld({ turns, text });
  const calls = turns.flatMap((turn) => turn.calls);
  assert.equal(calls.length, steps, 'calls of tools');
  assert.equal(new Set(calls.map((call) => call.id)).size, steps, 'their ids');
  assert.match(text, /Answer: done$/);
  return { turns, text };
}

/** The items of a list, each with how often it comes in a row. */
export function runs(list) {
  const counted = [];
  for (const item of list) {
    const last = counted.at(-1);
    if (last?.[0] === item) last[1] += 1;
    else counted.push([item, 1]);
  }
  return counted;
}

/** What a call throws, which it must. */
export async function thrown(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'the call did not fail' });
}

/**
 * Runs the scenarios one after another and prints what they return, as one
 * JSON document: with the argument "errors" or "held" those, else the answers.
 * hotmess keeps its extras back after an error, so errors wait until it has
 * measured the answers.
 */
export async function report(answers, errors, held) {
  const seen = {};
  for (const [name, scenario] of Object.entries({ answers, errors, held }[stage])) {
    seen[name] = await scenario();
  }
  process.stdout.write(`${JSON.stringify(seen, null, 2)}\n`);
}
