'use strict';
// Records which states of timers, sockets and servers keep Node's event loop alive.
//
//   node liveness.js            record all in ../resources/traces/liveness.txt
//   node liveness.js --check    compare with what is recorded; exit status 1 and a report when reality differs
//
// Each case is a program of its own that brings something into a state. "alive": the program still runs a while later;
// "ended": it ended by itself. LivenessTest brings the same things into the same states.

const { spawn } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const stream = require('stream');
const tls = require('tls');

const record = path.join(__dirname, '../resources/traces/liveness.txt');
const fixtures = process.env.FIXTURES || path.join(__dirname, '../../../../../ci/fixtures');
const A_WHILE = 400;
const BIG = Buffer.alloc(16 << 20);

const identity = () => ({
  key: fs.readFileSync(path.join(fixtures, 'server-rsa-key.pem')),
  cert: fs.readFileSync(path.join(fixtures, 'server-rsa-cert.pem')),
});

// ---- cases: (ports, reached) => void -------------------------------------------------------------------------------

const connected = (port, options, use) => {
  const socket = net.connect({ port, host: '127.0.0.1', ...options });
  socket.on('error', () => {});
  socket.on('connect', () => use(socket));
  return socket;
};
const secured = (port, options, use) => {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  socket.on('secureConnect', () => use(socket));
  return socket;
};
const soon = (reached) => setTimeout(reached, 100).unref();

const both = {
  'flowing': (c, p, r) => c(p.silent, {}, (s) => { s.resume(); r(); }),
  'never read': (c, p, r) => c(p.silent, {}, () => r()),
  'readable listener': (c, p, r) => c(p.silent, {}, (s) => { s.on('readable', () => {}); r(); }),
  'paused': (c, p, r) => c(p.silent, {}, (s) => { s.pause(); r(); }),
  'paused by readable.pause before the connection': (c, p, r) => {
    c(p.silent, {}, () => {}).pause();
    setTimeout(r, 100);
  },
  'paused, then resumed': (c, p, r) => c(p.silent, {}, (s) => { s.pause(); s.resume(); r(); }),
  'paused, data unread': (c, p, r) => c(p.talker, {}, (s) => s.once('data', () => { s.pause(); r(); })),
  'buffer full, never read': (c, p, r) => c(p.talker, {}, (s) => {
    const id = setInterval(() => { if (s.readableLength >= s.readableHighWaterMark) { clearInterval(id); r(); } }, 5);
  }),
  'flowing, unref': (c, p, r) => c(p.silent, {}, (s) => { s.resume(); s.unref(); r(); }),
  'flowing, unref, ref': (c, p, r) => c(p.silent, {}, (s) => { s.resume(); s.unref(); s.ref(); r(); }),
  'unref before the connection': (c, p, r) => {
    const s = c(p.silent, {}, () => {});
    s.resume();
    s.unref();
    setTimeout(r, 100);
  },
  'paused, write waiting': (c, p, r) => c(p.deaf, {}, (s) => { s.pause(); s.write(BIG); r(); }),
  'unref, write waiting': (c, p, r) => c(p.deaf, {}, (s) => { s.resume(); s.unref(); s.write(BIG); r(); }),
  'paused, write done': (c, p, r) => c(p.silent, {}, (s) => { s.pause(); s.write('x', () => r()); }),
  'paused, end sent': (c, p, r) => c(p.silent, {}, (s) => { s.pause(); s.end(() => r()); }),
  'flowing, end sent': (c, p, r) => c(p.silent, {}, (s) => { s.resume(); s.end(() => r()); }),
  'peer ended, half open': (c, p, r) => c(p.ender, { allowHalfOpen: true }, (s) => { s.resume(); s.on('end', () => r()); }),
  'peer ended, unread': (c, p, r) => c(p.ender, {}, () => soon(r)),
  'paused with an idle timeout': (c, p, r) => c(p.silent, {}, (s) => { s.setTimeout(50); s.pause(); r(); }),
  'destroyed': (c, p, r) => c(p.silent, {}, (s) => { s.destroy(); r(); }),
  'piped into a full stream': (c, p, r) => c(p.talker, {}, (s) => {
    s.pipe(new stream.Writable({ highWaterMark: 1, write() { r(); } }));
  }),
  'onread says stop': (c, p, r) => c(p.talker, { onread: { buffer: Buffer.alloc(1024), callback: () => { r(); return false; } } }, () => {}),
};

const cases = {};
for (const name of Object.keys(both)) cases['net: ' + name] = (p, r) => both[name](connected, p.net, r);
for (const name of Object.keys(both)) cases['tls: ' + name] = (p, r) => both[name](secured, p.tls, r);
Object.assign(cases, {
  'net: connecting': (p, r) => { connected(p.full, {}, () => {}); soon(r); },
  'net: connecting, unref': (p, r) => { connected(p.full, {}, () => {}).unref(); soon(r); },
  'net: connecting, paused': (p, r) => { connected(p.full, {}, () => {}).pause(); soon(r); },
  'net: unconnected': (p, r) => { new net.Socket(); r(); },
  'net: own lookup never answers': (p, r) => {
    connected(p.net.silent, { host: 'x.test', lookup: () => {} }, () => {});
    r();
  },
  'tls: handshake unanswered': (p, r) => secured(p.net.silent, {}, () => {}).on('connect', () => r()),
  'tls: handshake unanswered, unref': (p, r) => secured(p.net.silent, {}, () => {}).on('connect', function() { this.unref(); r(); }),
  'tls: handshake unanswered, paused': (p, r) => secured(p.net.silent, {}, () => {}).on('connect', function() { this.pause(); r(); }),
  'tls: handshake unanswered, write waiting': (p, r) => secured(p.net.silent, {}, () => {}).on('connect', function() { this.write('x'); r(); }),
  'tls over a socket: flowing': (p, r) => over(p, (raw, s) => { s.resume(); r(); }),
  'tls over a socket: paused': (p, r) => over(p, (raw, s) => { s.pause(); r(); }),
  'tls over a socket: unref': (p, r) => over(p, (raw, s) => { s.resume(); s.unref(); r(); }),
  'tls over a socket: socket below unref': (p, r) => over(p, (raw, s) => { s.resume(); raw.unref(); r(); }),
  'tls over a socket: socket below paused': (p, r) => over(p, (raw, s) => { s.resume(); raw.pause(); r(); }),
  'tls over a stream: handshake unanswered': (p, r) => {
    tls.connect({ socket: new stream.Duplex({ read() {}, write(c, e, cb) { cb(); } }) }).on('error', () => {});
    r();
  },
  'server: listening': (p, r) => net.createServer().listen(0, r),
  'server: listening, unref': (p, r) => { const s = net.createServer().listen(0, () => { s.unref(); r(); }); },
  'server: unref before listen': (p, r) => { net.createServer().unref().listen(0); r(); },
  'server: unref, ref': (p, r) => { const s = net.createServer().listen(0, () => { s.unref(); s.ref(); r(); }); },
  'server: never listened': (p, r) => { net.createServer(); r(); },
  'server: closed': (p, r) => { const s = net.createServer().listen(0, () => s.close(r)); },
  'server: unref, connection flowing': (p, r) => accept({}, (c) => { c.resume(); r(); }),
  'server: unref, connection paused': (p, r) => accept({}, (c) => { c.pause(); r(); }),
  'server: unref, pauseOnConnect': (p, r) => accept({ pauseOnConnect: true }, () => r()),
  'server: closed, connection paused': (p, r) => accept({}, (c, s) => { c.pause(); s.close(); r(); }),
  'server: closed, connection flowing': (p, r) => accept({}, (c, s) => { c.resume(); s.close(); r(); }),
  'tls server: listening': (p, r) => tls.createServer(identity()).listen(0, r),
  'tls server: unref, handshake waits for SNICallback': (p, r) =>
    acceptTLS({ SNICallback: () => r() }, () => {}),
  'tls server: unref, handshake waits for the client': (p, r) => accept.call(tls, identity(), () => {}, true, r),
  'tls server: unref, connection flowing': (p, r) => acceptTLS({}, (c) => { c.resume(); r(); }),
  'tls server: unref, connection paused': (p, r) => acceptTLS({}, (c) => { c.pause(); r(); }),
  'timer: timeout': (p, r) => { setTimeout(() => {}, 60000); r(); },
  'timer: timeout, unref': (p, r) => { setTimeout(() => {}, 60000).unref(); r(); },
  'timer: timeout, unref, ref': (p, r) => { setTimeout(() => {}, 60000).unref().ref(); r(); },
  'timer: timeout, cleared': (p, r) => { clearTimeout(setTimeout(() => {}, 60000)); r(); },
  'timer: interval': (p, r) => { setInterval(() => {}, 10); r(); },
  'timer: interval, unref': (p, r) => { setInterval(() => {}, 10).unref(); r(); },
  'timer: interval, cleared inside': (p, r) => { const t = setInterval(() => { clearInterval(t); r(); }, 10); },
  'timer: fired': (p, r) => { setTimeout(() => {}, 1); r(); },
  'timer: fired, refreshed': (p, r) => { const t = setTimeout(() => {}, 50); setTimeout(() => { t.refresh(); r(); }, 60); },
  'timer: unref, refreshed': (p, r) => { const t = setTimeout(() => {}, 60000).unref(); t.refresh(); r(); },
  'immediate: again and again': (p, r) => { (function again() { setImmediate(again); })(); r(); },
  'immediate: unref': (p, r) => { setImmediate(() => {}).unref(); r(); },
});

function over(p, use) {
  const raw = net.connect(p.tls.silent, '127.0.0.1');
  const socket = tls.connect({ socket: raw, rejectUnauthorized: false }, () => use(raw, socket));
}

// A connection that a server of the program's accepts; the client is the helper process's.
function accept(options, use, secure, reached) {
  const server = secure ? tls.createServer(options) : net.createServer(options);
  server.on('connection', (c) => {
    c.on('error', () => {});
    server.unref();
    if (secure) reached(); else use(c, server);
  });
  server.listen(0, '127.0.0.1', () => { process.send({ connect: server.address().port }, () => process.disconnect()); });
}
function acceptTLS(options, use) {
  const server = tls.createServer({ ...identity(), ...options }, (c) => { c.on('error', () => {}); use(c, server); });
  server.on('connection', () => server.unref());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1', () => { process.send({ connect: server.address().port, tls: true }, () => process.disconnect()); });
}

// ---- the program of one case ----------------------------------------------------------------------------------------

function child(name, ports) {
  let alive = false;
  let state = false;
  process.on('exit', () => process.stdout.write(alive ? 'alive' : state ? 'ended' : 'ended early'));
  process.on('uncaughtException', (e) => { process.stdout.write('threw ' + e + ' '); process.exit(); });
  const reached = () => {
    if (state) return;
    state = true;
    setTimeout(() => { alive = true; process.exit(); }, A_WHILE).unref();
  };
  // Nothing of a case takes this long.
  setTimeout(() => { process.stdout.write(state ? '' : 'never reached '); process.exit(); }, 8000).unref();
  if (process.channel) process.channel.unref();
  cases[name](ports, reached);
}

// ---- the peers -------------------------------------------------------------------------------------------------------

function peers() {
  const open = (make, options) => {
    const use = {
      silent: (c) => c.resume(),
      deaf: (c) => c.pause(),
      talker: (c) => { c.resume(); c.write(BIG.subarray(0, 4 << 20)); },
      ender: (c) => { c.resume(); c.end('x'); },
    };
    return Promise.all(Object.keys(use).map((kind) => new Promise((resolve) => {
      const server = make({ ...options, allowHalfOpen: true }, (c) => { c.on('error', () => {}); use[kind](c); });
      server.on('tlsClientError', () => {});
      server.listen(0, '127.0.0.1', () => resolve([kind, server.address().port]));
    }))).then(Object.fromEntries);
  };
  return Promise.all([open(net.createServer, {}), open(tls.createServer, identity()), full()])
    .then(([plain, secure, taken]) => ({ net: plain, tls: secure, full: taken }));
}

// A port whose backlog is full: a connection to it never gets ready.
function full() {
  const code = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('fs').writeSync(1, s.address().port + '\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });`;
  return new Promise((resolve) => {
    const holder = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    process.on('exit', () => holder.kill('SIGKILL'));
    holder.stdout.once('data', (line) => {
      const port = Number(line);
      for (let i = 0; i < 8; i++) net.connect(port, '127.0.0.1').on('error', () => {});
      setTimeout(() => resolve(port), 300);
    });
  });
}

async function main() {
  const ports = await peers();
  const results = new Map();
  const names = Object.keys(cases);
  names.forEach((name) => results.set(name, ''));
  const queue = [...names];
  const run = async () => {
    let name;
    while ((name = queue.shift()) !== undefined) {
      await new Promise((resolve) => {
        const each = name;
        const p = spawn(process.execPath, [__filename, '--case', each, JSON.stringify(ports)],
                        { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
        p.stdout.on('data', (text) => results.set(each, results.get(each) + text));
        p.on('message', (m) => {
          const c = m.tls ? tls.connect({ port: m.connect, host: '127.0.0.1', servername: 'x.test', rejectUnauthorized: false })
                          : net.connect(m.connect, '127.0.0.1');
          c.on('error', () => {}).resume();
        });
        p.on('close', resolve);
      });
    }
  };
  await Promise.all([run(), run(), run(), run()]);
  const text = names.map((name) => `${results.get(name)}\t${name}\n`).join('');
  if (process.argv[2] === '--check') {
    const known = fs.readFileSync(record, 'utf8');
    if (known !== text) {
      const was = new Map(known.trim().split('\n').map((line) => line.split('\t').reverse()));
      for (const name of names) {
        if (was.get(name) !== results.get(name)) console.error(`${name}: ${results.get(name)}, recorded ${was.get(name)}`);
      }
      process.exit(1);
    }
  } else if (process.argv[2] === '--print') {
    process.stdout.write(text);
  } else {
    fs.writeFileSync(record, text);
  }
  process.exit();
}

if (process.argv[2] === '--case') child(process.argv[3], JSON.parse(process.argv[4]));
else main();
