'use strict';
// The Node server of the socket benchmarks:  node server.js KEY WORK [REQUEST RESPONSE]
// Does what c/load.c asks of a server, on one event loop; says "port N" and ends when its standard input does.
const fs = require('fs');
const path = require('path');
const tls = require('tls');

const PATTERN = 64 * 1024;
const BLOCK = 256 * 1024;
const pattern = Buffer.alloc(PATTERN);
for (let i = 0; i < PATTERN; i++) pattern[i] = (i * 31 + Math.floor(i / 251)) & 0xff;

const [key, work, requestSize, responseSize] = process.argv.slice(2);
const fixtures = process.env.SP_FIXTURES || 'ci/fixtures';

function fail(error) {
  console.error('server.js:', error);
  process.exit(1);
}

// A program would not look at every byte either; the first and the last of each chunk show what was lost or mixed up.
function compare(chunk, position) {
  const last = position + chunk.length - 1;
  if (chunk[0] !== pattern[position % PATTERN] || chunk[chunk.length - 1] !== pattern[last % PATTERN]) {
    fail(new Error('other bytes arrived'));
  }
}

const works = {
  hello(socket) {
    socket.write(pattern.subarray(0, 1));
    socket.resume();
  },
  requests(socket) {
    const size = Number(requestSize);
    const response = pattern.subarray(0, Number(responseSize));
    let received = 0;
    socket.on('data', (chunk) => {
      if (received + chunk.length > size) fail(new Error('more than a request'));
      compare(chunk, received);
      received += chunk.length;
      if (received === size) {
        received = 0;
        socket.write(response);
      }
    });
  },
  send(socket) {
    const more = () => {
      while (socket.write(pattern));
    };
    socket.once('data', more);
    socket.on('drain', more);
  },
  receive(socket) {
    let received = 0;
    socket.on('data', (chunk) => {
      compare(chunk, received % PATTERN);
      const blocks = Math.floor((received + chunk.length) / BLOCK) - Math.floor(received / BLOCK);
      received += chunk.length;
      if (blocks > 0) socket.write(pattern.subarray(0, blocks));
    });
  },
};

const server = tls.createServer({
  key: fs.readFileSync(path.join(fixtures, `server-${key}-key.pem`)),
  cert: fs.readFileSync(path.join(fixtures, `server-${key}-cert.pem`)),
  ecdhCurve: 'X25519',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  minVersion: 'TLSv1.3',
  noDelay: true,
}, (socket) => {
  socket.on('error', () => {}); // The client ends as it likes, and fails when a connection does.
  works[work](socket);
});
server.on('error', fail);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${server.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume();
