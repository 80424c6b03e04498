// langchain with @langchain/openai: Chat Completions and Responses.
import assert from 'node:assert/strict';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
import { Verdict, checkLoop, done, headers, letter, question, report, runs, task, thrown, toolsAs } from '../suite.mjs';

const common = (wish) => ({ configuration: { defaultHeaders: headers(wish) }, maxRetries: 1 });
const chat = (wish) => new ChatOpenAI({ ...common(wish), model: 'gpt-4o' });

/** Reasoning is shown, and sent back encrypted: the API keeps nothing. */
const responses = (wish) => new ChatOpenAI({
  ...common(wish),
  model: 'gpt-5.1',
  useResponsesApi: true,
  zdrEnabled: true,
  reasoning: { effort: 'low', summary: 'auto' },
  modelKwargs: { include: ['reasoning.encrypted_content'] },
});

const offered = toolsAs((name, { description, parameters }) => tool(() => done(name), { name, description, schema: parameters }));

const seen = (message) => ({
  id: message.id,
  text: message.text,
  kwargs: message.additional_kwargs,
  calls: message.tool_calls.map(({ id, name, args }) => ({ id, name, args })),
  finish_reason: message.response_metadata.finish_reason ?? message.response_metadata.status,
  usage: message.usage_metadata,
});

const text = (model, topic) => async () => {
  const message = await model.invoke(question(topic));
  return { ...seen(message), letter: letter(message.text) };
};

const streamed = (model, topic) => async () => {
  let whole;
  const kinds = [];
  for await (const chunk of await model.stream(question(topic))) {
    kinds.push(chunk.text ? 'text' : Object.keys(chunk.additional_kwargs).sort().join(' ') || 'other');
    whole = whole ? whole.concat(chunk) : chunk;
  }
  return { ...seen(whole), letter: letter(whole.text), chunks: runs(kinds) };
};

const turnsOf = (messages) => messages.filter((message) => message.type === 'ai').map(seen);

const loop = (model, topic) => async () => {
  const agent = createAgent({ model, tools: offered });
  const { messages } = await agent.invoke({ messages: [{ role: 'user', content: task(topic) }] });
  return checkLoop({ turns: turnsOf(messages), text: messages.at(-1).text });
};

const loopStreamed = (model, topic) => async () => {
  const agent = createAgent({ model, tools: offered });
  let last;
  const kinds = [];
  const stream = await agent.stream(
    { messages: [{ role: 'user', content: task(topic) }] }, { streamMode: ['values', 'messages'] },
  );
  for await (const [kind, value] of stream) {
    if (kind === 'values') last = value.messages;
    kinds.push(kind);
  }
  return { ...checkLoop({ turns: turnsOf(last), text: last.at(-1).text }), events: runs(kinds) };
};

const structured = (model, topic) => async () => {
  const { raw, parsed } = await model.withStructuredOutput(Verdict, { includeRaw: true }).invoke(question(topic));
  return { ...seen(raw), parsed: Verdict.parse(parsed) };
};

/** Of a refusal in Chat Completions this SDK shows nothing but that there is no text. */
const refusal = (model, topic) => async () => {
  const message = await model.invoke(question(topic));
  assert.equal(message.text, '');
  return seen(message);
};

/** This SDK waits a second before its one retry, so one call of each kind must do. */
const failure = (call) => async () => {
  const { name, constructor, status, code, type, message, requestID } = await thrown(call);
  return { class: constructor.name, name, status, code, type, message, requestID };
};

const invoked = (model, topic) => failure(() => model.invoke(question(topic)));

const iterated = (model, topic) => failure(async () => {
  for await (const chunk of await model.stream(question(topic))) assert.fail(`a chunk: ${chunk.text}`);
});

await report(
  {
    chatText: text(chat(), 'langchain chat text'),
    responsesText: text(responses(), 'langchain response text'),
    chatStreamed: streamed(chat(), 'langchain chat stream'),
    responsesStreamed: streamed(responses(), 'langchain response stream'),
    chatLoop: loop(chat(), 'langchain-chat'),
    chatLoopStreamed: loopStreamed(chat(), 'langchain-chat-stream'),
    responsesLoop: loop(responses(), 'langchain-response'),
    responsesLoopStreamed: loopStreamed(responses(), 'langchain-response-stream'),
    chatStructured: structured(chat(), 'langchain chat structure'),
    responsesStructured: structured(responses(), 'langchain response structure'),
    chatRefusal: refusal(chat('refusal'), 'langchain chat refusal'),
    responsesRefusal: refusal(responses('refusal'), 'langchain response refusal'),
  },
  {
    chatFailing: invoked(chat('failing'), 'langchain chat failing'),
    responsesFailing: iterated(responses('failing'), 'langchain response failing'),
    chatLimited: iterated(chat('limited'), 'langchain chat limited'),
    responsesLimited: invoked(responses('limited'), 'langchain response limited'),
  },
  {
    chatLoop: loop(chat(), 'langchain-chat'),
    chatLoopStreamed: loopStreamed(chat(), 'langchain-chat-stream'),
    responsesLoop: loop(responses(), 'langchain-response'),
    responsesLoopStreamed: loopStreamed(responses(), 'langchain-response-stream'),
  },
);
