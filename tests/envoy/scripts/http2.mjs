// One request over HTTP/2 without TLS: PORT METHOD AUTHORITY PATH HEADERS [BODY]; headers are JSON. Prints the body, a
// line break and the status. Unlike curl it hears an answer that comes while it still sends.
import { connect } from 'node:http2';

const [port, method, authority, path, headers, body] = process.argv.slice(2);
const session = connect(`http://127.0.0.1:${port}`);
const pseudo = { ':method': method, ':authority': authority, ':path': path };
const stream = session.request({ ...pseudo, ...JSON.parse(headers) }, { endStream: body === undefined });
let [status, text, why] = [undefined, '', undefined];
stream.on('response', (head) => (status = head[':status']));
stream.setEncoding('utf8').on('data', (piece) => (text += piece));
// Behind an answer that came early the stream is reset: that is no error.
stream.on('error', (error) => (why = error));
session.on('error', (error) => (why = error));
if (body !== undefined) stream.end(body);
stream.on('close', () => {
    session.destroy();
    if (status === undefined) throw why ?? new Error('no answer');
    process.stdout.write(`${text}\n${status}`);
});
