// @openai/agents: its own loop, over Responses and Chat Completions.
import assert from 'node:assert/strict';
import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, run, setTracingDisabled, tool } from '@openai/agents';
import OpenAI from 'openai';
import { Verdict, checkLoop, done, headers, letter, question, report, runs, task, thrown, toolsAs } from '../suite.mjs';

// Traces would go to the vendor, whatever the base URL.
setTracingDisabled(true);

const client = (wish) => new OpenAI({ defaultHeaders: headers(wish) });
const chat = (wish) => ({ model: new OpenAIChatCompletionsModel(client(wish), 'gpt-4o') });

/** Reasoning is shown; store says whether the API keeps it, or gets it back encrypted. */
const responses = (wish, store = false) => ({
  model: new OpenAIResponsesModel(client(wish), 'gpt-5.1'),
  modelSettings: {
    store,
    reasoning: { effort: 'low', summary: 'auto' },
    providerData: store ? {} : { include: ['reasoning.encrypted_content'] },
  },
});

const offered = toolsAs((name, { description, parameters }) => tool({ name, description, parameters, execute: () => done(name) }));

const agent = (settings, more) => new Agent({ name: 'worker', instructions: 'Work.', ...settings, ...more });

const seen = ({ responseId, requestId, output, usage }) => ({
  id: responseId,
  request_id: requestId,
  text: output.flatMap((item) => (item.type === 'message' ? item.content.map((part) => part.text ?? part.refusal) : [])).join(''),
  reasoning: output.flatMap((item) => (item.type === 'reasoning' ? [item.content, item.rawContent] : [])),
  calls: output
    .filter((item) => item.type === 'function_call')
    .map(({ callId, name, arguments: args }) => ({ id: callId, name, args })),
  usage,
});

const text = (settings, topic) => async () => {
  const { rawResponses, finalOutput } = await run(agent(settings), question(topic));
  return { ...seen(rawResponses[0]), letter: letter(finalOutput) };
};

const streamed = (settings, topic) => async () => {
  const result = await run(agent(settings), question(topic), { stream: true });
  const types = [];
  for await (const event of result) types.push(event.data?.type ?? event.name);
  await result.completed;
  return { ...seen(result.rawResponses[0]), letter: letter(result.finalOutput), events: runs(types) };
};

const loop = (settings, topic) => async () => {
  const { rawResponses, finalOutput } = await run(agent(settings, { tools: offered }), task(topic));
  return checkLoop({ turns: rawResponses.map(seen), text: finalOutput });
};

const loopStreamed = (settings, topic) => async () => {
  const result = await run(agent(settings, { tools: offered }), task(topic), { stream: true });
  for await (const event of result) assert(event.type);
  await result.completed;
  return checkLoop({ turns: result.rawResponses.map(seen), text: result.finalOutput });
};

/** Two turns of a user, of which the second names the reply of the first. */
const chained = (settings, topic) => async () => {
  const first = await run(agent(settings), question(`${topic} once`));
  const second = await run(agent(settings), question(`${topic} again`), { previousResponseId: first.lastResponseId });
  return [first, second].map(({ rawResponses, finalOutput }) => ({ ...seen(rawResponses[0]), letter: letter(finalOutput) }));
};

const structured = (settings, topic) => async () => {
  const { rawResponses, finalOutput } = await run(agent(settings, { outputType: Verdict }), question(topic));
  return { ...seen(rawResponses[0]), parsed: Verdict.parse(finalOutput) };
};

const refusal = (settings, topic) => async () => {
  const error = await thrown(() => run(agent(settings), question(topic)));
  return { class: error.constructor.name, message: error.message, state: error.state?._modelResponses.map(seen) };
};

/** What is known of an error, streams included. */
const failure = (settings, topic) => async () => {
  const errors = [
    await thrown(() => run(agent(settings), question(topic))),
    await thrown(async () => {
      const result = await run(agent(settings), question(topic), { stream: true });
      for await (const event of result) assert(event.type);
      await result.completed;
    }),
  ];
  return errors.map(({ constructor, status, type, code, message, requestID }) =>
    ({ class: constructor.name, status, type, code, message, requestID }));
};

await report(
  {
    responsesText: text(responses(), 'agents response text'),
    chatText: text(chat(), 'agents chat text'),
    responsesStreamed: streamed(responses(), 'agents response stream'),
    chatStreamed: streamed(chat(), 'agents chat stream'),
    responsesLoop: loop(responses(), 'agents-response'),
    responsesLoopStreamed: loopStreamed(responses(undefined, true), 'agents-response-stream'),
    chatLoop: loop(chat(), 'agents-chat'),
    chatLoopStreamed: loopStreamed(chat(), 'agents-chat-stream'),
    responsesChained: chained(responses(undefined, true), 'agents chain'),
    responsesStructured: structured(responses(), 'agents response structure'),
    chatStructured: structured(chat(), 'agents chat structure'),
    responsesRefusal: refusal(responses('refusal'), 'agents response refusal'),
    chatRefusal: refusal(chat('refusal'), 'agents chat refusal'),
  },
  {
    responsesFailing: failure(responses('failing'), 'agents response failing'),
    chatFailing: failure(chat('failing'), 'agents chat failing'),
    responsesLimited: failure(responses('limited'), 'agents response limited'),
    chatLimited: failure(chat('limited'), 'agents chat limited'),
  },
  {
    responsesLoop: loop(responses(), 'agents-response'),
    responsesLoopStreamed: loopStreamed(responses(), 'agents-response-stream'),
    chatLoop: loop(chat(), 'agents-chat'),
    chatLoopStreamed: loopStreamed(chat(), 'agents-chat-stream'),
  },
);
