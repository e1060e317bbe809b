// The official clients of model APIs: asks each `API:WAY` once, and tells the text, the calls of tools,
// and whether text came before the end. The first text of each is told to an address as well.
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

const [port, heard, ...ways] = process.argv.slice(2);
const root = `http://127.0.0.1:${port}`;
const openai = new OpenAI({ baseURL: `${root}/v1`, apiKey: 'key', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: root, apiKey: 'key', maxRetries: 0 });
const all = [];
let told;

function text(piece) {
    if (!told.hasRead) {
        told.hasRead = true;
        fetch(heard).then((answer) => answer.text());
    }
    told.text += piece;
}

const call = (name, args) => told.calls.push({ name, arguments: typeof args === 'string' ? JSON.parse(args) : args });

const ask = {
    async chat(stream) {
        const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
        if (!stream) {
            return openai.chat.completions.create(body);
        }
        const runner = openai.chat.completions.stream(body);
        runner.on('content', text);
        return runner.finalChatCompletion();
    },
    async responses(stream) {
        const body = { model: 'm', input: 'hi' };
        if (!stream) {
            return openai.responses.create(body);
        }
        const runner = openai.responses.stream(body);
        runner.on('response.output_text.delta', ({ delta }) => text(delta));
        return runner.finalResponse();
    },
    async messages(stream) {
        const body = { model: 'm', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] };
        if (!stream) {
            return anthropic.messages.create(body);
        }
        const runner = anthropic.messages.stream(body);
        runner.on('text', (delta) => text(delta));
        return runner.finalMessage();
    },
};

const read = {
    chat({ choices: [{ message }] }) {
        told.text = message.content;
        message.tool_calls?.forEach((own) => call(own.function.name, own.function.arguments));
    },
    responses({ output }) {
        const parts = output.filter(({ type }) => type === 'message').flatMap(({ content }) => content);
        told.text = parts.map((part) => part.text).join('');
        output.filter(({ type }) => type === 'function_call').forEach((own) => call(own.name, own.arguments));
    },
    messages({ content }) {
        told.text = content.filter(({ type }) => type === 'text').map((block) => block.text).join('');
        content.filter(({ type }) => type === 'tool_use').forEach((block) => call(block.name, block.input));
    },
};

for (const [api, way] of ways.map((own) => own.split(':'))) {
    told = { text: '', calls: [], hasRead: false };
    try {
        const answer = await ask[api](way === 'stream');
        read[api](answer);
    } catch (error) {
        told.thrown = `${error}`;
    }
    all.push(told);
}
console.log(JSON.stringify(all));
