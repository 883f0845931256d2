'use strict';
// The other end for NetInteropTest: one mode per run. Prints lines the test reads; ends by itself.
//
//   node net-peer.js echo          a server that echoes one connection
//   node net-peer.js answer        a half-open server: answers with what it got, after the client's end
//   node net-peer.js reset         a server that resets its connection at the first byte
//   node net-peer.js observe       a server that prints the events of one connection
//   node net-peer.js greet         the same, but it says hello first
//   node net-peer.js pattern N     a server that sends N bytes of a pattern, and ends
//   node net-peer.js client PORT   a client that sends, ends, and prints what comes back

const net = require('net');
const [mode, argument] = process.argv.slice(2);

const print = (line) => process.stdout.write(line + '\n');
const pattern = (length) => {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return bytes;
};

const modes = {
  echo: (c) => c.pipe(c),
  answer(c) {
    const got = [];
    c.on('data', (chunk) => got.push(chunk));
    c.on('end', () => setImmediate(() => c.end('answer to ' + Buffer.concat(got))));
  },
  reset: (c) => c.once('data', () => c.resetAndDestroy()),
  greet(c) {
    c.write('hello');
    modes.observe(c);
  },
  observe(c) {
    c.on('data', (chunk) => print('data ' + chunk));
    c.on('end', () => print('end'));
    c.on('error', (err) => print('error ' + err.message));
    c.on('close', (hadError) => print('close ' + hadError));
  },
  pattern: (c) => c.end(pattern(Number(argument))),
};

if (mode === 'client') {
  const client = net.connect(Number(argument), '127.0.0.1', () => client.end('from node'));
  client.on('data', (chunk) => print('data ' + chunk));
  client.on('end', () => print('end'));
  client.on('close', (hadError) => print('close ' + hadError));
} else {
  const server = net.createServer({ allowHalfOpen: mode === 'answer' }, (c) => {
    server.close();
    c.on('error', () => {});
    modes[mode](c);
  });
  server.listen(0, '127.0.0.1', () => print(String(server.address().port)));
}
