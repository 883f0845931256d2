'use strict';
// Records what Node's net module does, scenario by scenario, as text: one line per event and fact, grouped by actor.
// The same scenarios, in Java, are in NetParityTest; they must produce the same text.
//
//   node net.js             record every scenario in ../resources/traces/net/<scenario>.txt
//   node net.js NAME...     only these
//   node net.js --check     compare with what is recorded; exit status 1 and a report when reality differs

const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

class Trace {
  constructor() {
    this.actors = new Map();
    this.names = new Map();
    this.directory = null;
  }
  log(actor, text) {
    if (!this.actors.has(actor)) this.actors.set(actor, []);
    this.actors.get(actor).push(text);
  }
  port(name, number) {
    this.names.set(String(number), name);
  }
  // A path for a unix socket, short enough for sun_path.
  unix(name) {
    if (!this.directory) this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sp-net-'));
    const file = path.join(this.directory, name);
    this.names.set(file, '<' + name + '>');
    return file;
  }
  text() {
    let out = '';
    for (const actor of [...this.actors.keys()].sort()) {
      for (const line of this.actors.get(actor)) out += actor + ' ' + line + '\n';
    }
    for (const [from, to] of this.names) {
      if (/^\d+$/.test(from)) out = out.replace(new RegExp('(?<!\\d)' + from + '(?!\\d)', 'g'), '<' + to + '>');
      else out = out.split(from).join(to);
    }
    return out;
  }
  // Logs every event of a socket.
  watch(actor, socket) {
    socket.on('lookup', (err, ip, family, host) =>
      this.log(actor, `lookup ${err ? describe(err) : 'ok'} ${show(ip)} ${show(family)} ${host}`));
    socket.on('connectionAttempt', (ip, port, family) =>
      this.log(actor, `connectionAttempt ${ip} ${show(port)} ${show(family)}`));
    socket.on('connectionAttemptFailed', (ip, port, family, err) =>
      this.log(actor, `connectionAttemptFailed ${ip} ${show(port)} ${show(family)} ${describe(err)}`));
    for (const name of ['connect', 'ready', 'end', 'finish', 'drain', 'timeout'])
      socket.on(name, () => this.log(actor, name));
    socket.on('error', (err) => this.log(actor, 'error ' + describe(err)));
    // A socket that never had a handle gets no flag from Node; what it should say is clear.
    let failed = false;
    socket.on('error', () => failed = true);
    socket.on('close', (hadError) => this.log(actor, `close ${hadError ?? failed}`));
    return socket;
  }
  data(actor, socket) {
    socket.on('data', (chunk) => this.log(actor, `data ${chunk}`));
    return socket;
  }
  watchServer(actor, server) {
    for (const name of ['listening', 'close']) server.on(name, () => this.log(actor, name));
    server.on('connection', () => this.log(actor, 'connection'));
    server.on('error', (err) => this.log(actor, 'error ' + describe(err)));
    server.on('drop', (data) => this.log(actor, 'drop ' + (data ? facts(data) : show(data))));
    return server;
  }
  state(actor, s) {
    this.log(actor, `state connecting=${s.connecting} pending=${s.pending} readyState=${s.readyState} ` +
      `destroyed=${s.destroyed} readable=${s.readable} writable=${s.writable} bytesRead=${s.bytesRead} ` +
      `bytesWritten=${s.bytesWritten}`);
  }
  addresses(actor, s) {
    this.log(actor, `address ${facts(s.address())} local=${show(s.localAddress)},${show(s.localPort)},` +
      `${show(s.localFamily)} remote=${show(s.remoteAddress)},${show(s.remotePort)},${show(s.remoteFamily)}`);
  }
  // What a call throws, or what it returns.
  attempt(actor, label, call) {
    try {
      this.log(actor, `${label} -> ${call() ? 'ok' : 'falsy'}`);
    } catch (err) {
      this.log(actor, `${label} throws ${describe(err)}`);
    }
  }
}

function show(value) {
  return value === undefined || value === null ? '-' : String(value);
}

function facts(object) {
  return '{' + Object.keys(object).sort().map((key) => `${key}=${object[key]}`).join(' ') + '}';
}

function describe(err) {
  if (!err) return '-';
  const parts = [`${err.name} code=${show(err.code)}`];
  for (const key of ['errno', 'syscall', 'address', 'port'])
    if (err[key] !== undefined && err[key] !== null && err[key] !== -1) parts.push(`${key}=${err[key]}`);
  parts.push(`"${err.message}"`);
  if (err.errors) parts.push('[' + err.errors.map(describe).join('; ') + ']');
  return parts.join(' ');
}

// A loopback port nobody listens on: bound and released again.
function closedPort(then) {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => then(port));
  });
}

function listening(t, options, onConnection, then) {
  const server = net.createServer(options, onConnection);
  server.listen(0, '127.0.0.1', () => {
    t.port('PORT', server.address().port);
    then(server, server.address().port);
  });
  return server;
}

// Calls done when all of the emitters have emitted 'close'.
function whenClosed(emitters, done) {
  let left = emitters.length;
  for (const emitter of emitters) emitter.on('close', () => --left === 0 && setImmediate(done));
}

const lookupOf = (...list) => (host, options, callback) => {
  const found = list.map((address) => ({ address, family: net.isIP(address) }));
  process.nextTick(() => options.all ? callback(null, found) : callback(null, found[0].address, found[0].family));
};

const scenarios = {
  echo(t, done) {
    let conn;
    listening(t, {}, (c) => {
      conn = t.data('conn', t.watch('conn', c));
      t.state('conn', c);
      c.on('data', (chunk) => c.write(chunk));
      c.on('end', () => t.state('conn', c));
      c.on('close', () => t.state('conn', c));
    }, (server, port) => {
      const client = t.data('client', t.watch('client', net.connect(port, '127.0.0.1')));
      t.state('client', client);
      client.on('connect', () => {
        t.port('CLIENT', client.localPort);
        t.state('client', client);
        t.addresses('client', client);
        client.write('hello');
      });
      client.on('data', () => {
        t.state('client', client);
        client.end();
        t.state('client', client);
      });
      client.on('close', () => {
        t.state('client', client);
        t.addresses('client', client);
        server.close();
      });
      whenClosed([server], done);
    });
  },

  connectListener(t, done) {
    listening(t, {}, (c) => c.end(), (server, port) => {
      const client = net.connect({ port, host: '127.0.0.1' }, function() { t.log('client', 'listener'); });
      t.watch('client', client);
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  refused(t, done) {
    closedPort((port) => {
      t.port('PORT', port);
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      client.on('error', () => t.state('client', client));
      client.on('close', () => t.state('client', client));
      whenClosed([client], done);
    });
  },

  refusedWithLocalAddress(t, done) {
    closedPort((port) => closedPort((localPort) => {
      t.port('PORT', port);
      t.port('LOCAL', localPort);
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort }));
      client.on('error', (e) => t.log('client', `local ${show(e.localAddress)} ${show(e.localPort)}`));
      whenClosed([client], done);
    }));
  },

  localAddressInUse(t, done) {
    listening(t, {}, () => {}, (server, port) => {
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port }));
      whenClosed([client], () => server.close(done));
    });
  },

  localAddressForeign(t, done) {
    closedPort((port) => {
      t.port('PORT', port);
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', localAddress: '192.0.2.1' }));
      whenClosed([client], done);
    });
  },

  localPortChosen(t, done) {
    closedPort((localPort) => {
      t.port('LOCAL', localPort);
      listening(t, {}, (c) => {
        t.addresses('conn', c);
        c.end();
      }, (server, port) => {
        const client = t.watch('client', net.connect({ port, host: '127.0.0.1', localPort }));
        client.on('connect', () => t.addresses('client', client));
        client.resume();
        whenClosed([client], () => server.close(done));
      });
    });
  },

  lookupOne(t, done) {
    listening(t, {}, (c) => c.end(), (server, port) => {
      const client = t.watch('client', net.connect({ port, host: 'some.name', lookup: lookupOf('127.0.0.1') }));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  lookupFamilyFour(t, done) {
    listening(t, {}, (c) => c.end(), (server, port) => {
      const client = t.watch('client', net.connect({ port, host: 'some.name', family: 4, lookup: lookupOf('127.0.0.1') }));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  lookupOptions(t, done) {
    const all = [{}, { family: 4 }, { family: 6 }, { family: 'IPv6' }, { hints: 24 }, { family: 4, hints: 16 }, { autoSelectFamily: false }, { localAddress: '127.0.0.1' }];
    let left = all.length;
    for (const options of all) {
      const client = net.connect({ port: 1, host: 'some.name', ...options, lookup(host, { all, family, hints }, callback) {
        t.log('lookup', `${host} ${!!all} ${family || 0} ${hints}`);
        process.nextTick(callback, new Error('enough'));
      } });
      client.on('error', () => { if (--left === 0) done(); });
    }
  },

  lookupArguments(t, done) {
    const wrong = { 'family 5': { family: 5 }, 'family -1': { family: -1 }, 'family x': { family: 'x' }, 'hints 5': { hints: 5 }, 'hints -1': { hints: -1 }, 'mark -1': { highWaterMark: -1 } };
    for (const label in wrong) t.attempt('net', label, () => net.connect({ port: 1, ...wrong[label] }));
    done();
  },

  lookupFails(t, done) {
    const client = t.watch('client', net.connect({ port: 1, host: 'no.name', lookup(host, options, callback) {
      process.nextTick(callback, Object.assign(new Error('getaddrinfo ENOTFOUND no.name'),
        { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host }));
    } }));
    client.on('error', (e) => t.log('client', `hostname ${e.hostname}`));
    whenClosed([client], done);
  },

  lookupNotAnAddress(t, done) {
    const client = t.watch('client', net.connect({ port: 1, host: 'no.name', family: 4, lookup: lookupOf('what') }));
    whenClosed([client], done);
  },

  secondAddressAnswers(t, done) {
    listening(t, {}, (c) => c.end(), (server, port) => {
      const client = t.watch('client', net.connect({ port, host: 'some.name', lookup: lookupOf('127.0.0.2', '::1', '127.0.0.1') }));
      client.resume();
      client.on('connect', () => t.log('client', `attempted ${client.autoSelectFamilyAttemptedAddresses}`));
      whenClosed([client], () => server.close(done));
    });
  },

  allAddressesRefuse(t, done) {
    closedPort((port) => {
      t.port('PORT', port);
      const client = t.watch('client', net.connect({ port, host: 'some.name', lookup: lookupOf('127.0.0.1', '::1') }));
      whenClosed([client], done);
    });
  },

  firstAddressOnlyWithoutAutoSelect(t, done) {
    closedPort((port) => {
      t.port('PORT', port);
      const client = t.watch('client',
        net.connect({ port, host: 'some.name', autoSelectFamily: false, lookup: lookupOf('127.0.0.1', '::1') }));
      whenClosed([client], done);
    });
  },

  unixEcho(t, done) {
    const file = t.unix('echo.sock');
    const server = t.watchServer('server', net.createServer((c) => {
      t.watch('conn', c);
      t.addresses('conn', c);
      c.pipe(c);
    }));
    server.listen(file, () => {
      t.log('server', `address ${server.address()}`);
      t.log('server', `file ${fs.existsSync(file)}`);
      const client = t.data('client', t.watch('client', net.connect(file)));
      client.on('connect', () => {
        t.addresses('client', client);
        client.end('over a path');
      });
      whenClosed([client], () => server.close(() => {
        t.log('server', `file ${fs.existsSync(file)}`);
        t.log('server', `address ${server.address()}`);
        done();
      }));
    });
  },

  unixNoSuchFile(t, done) {
    const client = t.watch('client', net.connect({ path: t.unix('none.sock') }));
    whenClosed([client], done);
  },

  unixInUse(t, done) {
    const file = t.unix('twice.sock');
    const first = net.createServer().listen(file, () => {
      const second = t.watchServer('server', net.createServer());
      second.on('error', () => first.close(done));
      second.listen(file);
    });
  },

  unixStaleFileRefuses(t, done) {
    const file = t.unix('stale.sock');
    fs.writeFileSync(file, '');
    const client = t.watch('client', net.connect(file));
    whenClosed([client], () => {
      const server = t.watchServer('server', net.createServer());
      server.on('error', () => done());
      server.listen(file);
    });
  },

  halfOpenServer(t, done) {
    listening(t, { allowHalfOpen: true }, (c) => {
      t.data('conn', t.watch('conn', c));
      c.on('end', () => {
        t.state('conn', c);
        c.write('late ');
        setImmediate(() => c.end('bye'));
      });
    }, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => client.end('done')));
      let got = '';
      client.on('data', (chunk) => got += chunk);
      client.on('end', () => t.log('client', `got ${got}`));
      client.on('finish', () => t.state('client', client));
      whenClosed([client], () => server.close(done));
    });
  },

  halfOpenClient(t, done) {
    listening(t, {}, (c) => {
      t.data('conn', t.watch('conn', c));
      c.end('first');
    }, (server, port) => {
      const client = t.data('client', t.watch('client', net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })));
      client.on('end', () => {
        t.state('client', client);
        setImmediate(() => client.end('answer'));
      });
      whenClosed([client], () => server.close(done));
    });
  },

  writeAfterPeerEnded(t, done) {
    listening(t, {}, (c) => c.resume().end('x'), (server, port) => {
      const client = t.data('client', t.watch('client', net.connect(port, '127.0.0.1')));
      client.on('end', () => setImmediate(() => {
        t.log('client', `ended ${client.writableEnded}`);
        t.log('client', `write ${client.write('y', (err) => t.log('client', 'callback ' + describe(err)))}`);
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  writeAfterEnd(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => {
        client.end();
        t.log('client', `write ${client.write('y', (err) => t.log('client', 'callback ' + describe(err)))}`);
      }));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  writeAfterDestroy(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => {
        client.destroy();
        t.state('client', client);
        t.log('client', `write ${client.write('y', (err) => t.log('client', 'callback ' + describe(err)))}`);
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  writeBeforeConnect(t, done) {
    listening(t, {}, (c) => {
      let got = '';
      c.on('data', (chunk) => got += chunk);
      c.on('end', () => t.log('conn', `got ${got}`));
    }, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      t.log('client', `write ${client.write('one', () => t.log('client', 'wrote one'))}`);
      t.log('client', `write ${client.write('two', () => t.log('client', 'wrote two'))}`);
      t.state('client', client);
      t.log('client', `length ${client.writableLength}`);
      client.end('three', () => t.log('client', 'ended'));
      client.on('connect', () => t.state('client', client));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  destroyBeforeConnect(t, done) {
    listening(t, {}, () => {}, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      client.write('one', (err) => t.log('client', 'one ' + describe(err)));
      client.write('two', (err) => t.log('client', 'two ' + describe(err)));
      client.destroy();
      t.state('client', client);
      whenClosed([client], () => server.close(done));
    });
  },

  destroyWithError(t, done) {
    listening(t, {}, (c) => t.watch('conn', c.resume()), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => {
        client.destroy(Object.assign(new Error('mine'), { code: 'EMINE' }));
        client.destroy(new Error('second'));
        t.state('client', client);
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  destroyNeverConnected(t, done) {
    const client = t.watch('client', new net.Socket());
    t.state('client', client);
    client.destroy();
    whenClosed([client], done);
  },

  destroySoon(t, done) {
    listening(t, {}, (c) => {
      t.watch('conn', c);
      let got = 0;
      c.on('data', (chunk) => got += chunk.length);
      c.on('end', () => t.log('conn', `got ${got}`));
    }, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => {
        client.write(Buffer.alloc(100000));
        client.destroySoon();
        t.state('client', client);
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  reset(t, done) {
    listening(t, {}, (c) => {
      t.watch('conn', c.resume());
      c.on('close', () => t.state('conn', c));
      c.once('data', () => client.resetAndDestroy());
    }, (server, port) => {
      t.watch('client', client);
      client.connect(port, '127.0.0.1', () => client.write('x'));
      client.on('close', () => t.state('client', client));
      whenClosed([client], () => server.close(done));
    });
    const client = new net.Socket();
  },

  resetUnconnected(t, done) {
    const client = t.watch('client', new net.Socket());
    client.resetAndDestroy();
    whenClosed([client], done);
  },

  resetWhileConnecting(t, done) {
    listening(t, {}, (c) => t.watch('conn', c.resume()), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      client.resetAndDestroy();
      t.state('client', client);
      whenClosed([client], () => server.close(done));
    });
  },

  resetUnix(t, done) {
    const file = t.unix('reset.sock');
    const server = net.createServer((c) => c.resume()).listen(file, () => {
      const client = t.watch('client', net.connect(file, () => {
        t.attempt('client', 'reset', () => client.resetAndDestroy());
        client.destroy();
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  idleTimeout(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      t.log('client', `timeout ${show(client.timeout)}`);
      client.setTimeout(20, () => {
        t.log('client', 'listener');
        t.log('client', `timeout ${client.timeout} destroyed ${client.destroyed}`);
        client.destroy();
      });
      client.ref();
      whenClosed([client], () => server.close(done));
    });
  },

  timeoutOption(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', timeout: 20 }));
      t.log('client', `timeout ${client.timeout}`);
      client.on('timeout', () => client.end());
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  timeoutArguments(t, done) {
    const client = new net.Socket();
    t.attempt('client', 'setTimeout(-1)', () => client.setTimeout(-1));
    t.attempt('client', 'setTimeout(0)', () => client.setTimeout(0));
    t.log('client', `timeout ${client.timeout}`);
    t.attempt('client', 'setTimeout(5000)', () => client.setTimeout(5000));
    t.log('client', `timeout ${client.timeout}`);
    client.destroy();
    whenClosed([client], done);
  },

  pauseOnConnect(t, done) {
    listening(t, { pauseOnConnect: true }, (c) => {
      t.data('conn', t.watch('conn', c));
      t.log('conn', `paused ${c.isPaused()}`);
      setImmediate(() => setImmediate(() => {
        t.log('conn', `read ${c.bytesRead}`);
        c.resume();
      }));
    }, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => client.end('held back')));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  maxConnections(t, done) {
    const server = t.watchServer('server', net.createServer((c) => first = c.resume()));
    let first;
    server.maxConnections = 1;
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      t.port('PORT', port);
      const one = net.connect(port, '127.0.0.1', () => {
        const two = t.watch('two', net.connect(port, '127.0.0.1'));
        two.on('connect', () => t.port('TWO', two.localPort));
        two.resume();
        two.on('close', () => {
          one.end();
          one.resume();
          server.close(() => setImmediate(done));
        });
      });
    });
  },

  maxConnectionsUnix(t, done) {
    const file = t.unix('max.sock');
    const server = t.watchServer('server', net.createServer((c) => c.resume()));
    server.maxConnections = 1;
    server.listen(file, () => {
      const one = net.connect(file, () => {
        const two = t.watch('two', net.connect(file));
        two.resume();
        two.on('close', () => {
          one.end();
          one.resume();
          server.close(() => setImmediate(done));
        });
      });
    });
  },

  serverClose(t, done) {
    const server = t.watchServer('server', net.createServer((c) => {
      c.resume();
      server.close((err) => t.log('server', 'callback ' + describe(err)));
      t.log('server', `listening ${server.listening} address ${server.address()}`);
      server.getConnections((err, n) => {
        t.log('server', `connections ${n}`);
        client.end();
      });
    }));
    const client = new net.Socket();
    server.listen(0, '127.0.0.1', () => {
      t.log('server', `listening ${server.listening}`);
      client.connect(server.address().port, '127.0.0.1');
      client.resume();
    });
    server.on('close', () => server.close((err) => {
      t.log('server', 'again ' + describe(err));
      server.removeAllListeners('close');
      setImmediate(done);
    }));
    let seen = 0;
    server.prependListener('close', () => { if (++seen === 2) server.removeAllListeners('x'); });
  },

  serverCloseNotRunning(t, done) {
    const server = t.watchServer('server', net.createServer());
    server.close((err) => {
      t.log('server', 'callback ' + describe(err));
      setImmediate(done);
    });
    t.log('server', 'returned');
  },

  serverCloseBeforeListening(t, done) {
    const server = t.watchServer('server', net.createServer());
    server.listen(0, '127.0.0.1');
    t.log('server', `listening ${server.listening}`);
    server.close((err) => {
      t.log('server', 'callback ' + describe(err));
      setImmediate(done);
    });
  },

  listenTwice(t, done) {
    const server = t.watchServer('server', net.createServer());
    server.listen(0, '127.0.0.1', () => {
      t.attempt('server', 'listen', () => server.listen(0));
      server.close(() => server.listen(0, '127.0.0.1', () => {
        t.log('server', `family ${server.address().family}`);
        server.close(done);
      }));
    });
  },

  listenDefaultHost(t, done) {
    const server = t.watchServer('server', net.createServer((c) => {
      t.port('CLIENT', c.remotePort);
      t.addresses('conn', c);
      c.end();
    }));
    t.log('server', `address ${server.address()}`);
    server.listen(() => {
      t.port('PORT', server.address().port);
      t.log('server', `address ${facts(server.address())}`);
      const client = net.connect(server.address().port, '127.0.0.1').resume();
      client.on('close', () => server.close(done));
    });
  },

  listenInUse(t, done) {
    listening(t, {}, () => {}, (first, port) => {
      const server = t.watchServer('server', net.createServer());
      server.on('error', () => {
        t.log('server', `listening ${server.listening}`);
        first.close(done);
      });
      server.listen(port, '127.0.0.1', () => t.log('server', 'never'));
      t.log('server', `listening ${server.listening}`);
    });
  },

  listenForeignAddress(t, done) {
    const server = t.watchServer('server', net.createServer());
    server.on('error', () => done());
    server.listen(0, '192.0.2.1');
  },

  listenArguments(t, done) {
    const attempt = (label, ...args) => {
      const server = net.createServer();
      server.on('error', () => {});
      t.attempt('server', label, () => server.listen(...args));
      server.close();
    };
    attempt('port 70000', 70000);
    attempt('port -1', -1);
    attempt('option port 65536', { port: 65536 });
    attempt('empty options', {});
    attempt('string port', '0');
    done();
  },

  connectArguments(t, done) {
    const attempt = (label, ...args) => {
      const client = new net.Socket();
      client.on('error', () => {});
      t.attempt('client', label, () => client.connect(...args));
      client.destroy();
    };
    attempt('no port', {});
    attempt('nothing');
    attempt('port 65536', { port: 65536 });
    attempt('port -1', -1, '127.0.0.1');
    attempt('port text', { port: 'abc' });
    attempt('port numeric text', { port: '80', host: '127.0.0.1' });
    attempt('local address a name', { port: 80, localAddress: 'localhost' });
    attempt('attempt timeout 0', { port: 80, autoSelectFamilyAttemptTimeout: 0 });
    done();
  },

  reconnect(t, done) {
    let count = 0;
    listening(t, {}, (c) => c.end(`hello ${++count}`), (server, port) => {
      const client = t.data('client', t.watch('client', net.connect(port, '127.0.0.1')));
      client.once('close', () => {
        client.connect(port, '127.0.0.1');
        t.state('client', client);
        client.once('close', () => {
          t.state('client', client);
          server.close(done);
        });
      });
    });
  },

  onread(t, done) {
    listening(t, {}, (c) => c.end('abcdefghij'), (server, port) => {
      const buffer = Buffer.alloc(4);
      let got = '';
      const client = t.data('client', t.watch('client', net.connect({ port, host: '127.0.0.1',
        onread: { buffer, callback(n, b) { got += b.toString('latin1', 0, n); return true; } } })));
      client.on('end', () => t.log('client', `got ${got} bytesRead ${client.bytesRead}`));
      whenClosed([client], () => server.close(done));
    });
  },

  onreadStops(t, done) {
    listening(t, {}, (c) => c.end('abcdefgh'), (server, port) => {
      const buffer = Buffer.alloc(4);
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', onread: { buffer, callback(n, b) {
        t.log('client', `read ${b.toString('latin1', 0, n)}`);
        setImmediate(() => { t.log('client', 'resume'); client.resume(); });
        return false;
      } } }));
      whenClosed([client], () => server.close(done));
    });
  },

  abortConnected(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const controller = new AbortController();
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1', signal: controller.signal }, () => {
        setImmediate(() => {
          controller.abort();
          t.state('client', client);
        });
      }));
      whenClosed([client], () => server.close(done));
    });
  },

  abortBefore(t, done) {
    const controller = new AbortController();
    controller.abort();
    const client = t.watch('client', new net.Socket({ signal: controller.signal }));
    whenClosed([client], done);
  },

  abortListening(t, done) {
    const controller = new AbortController();
    const server = t.watchServer('server', net.createServer());
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal }, () => controller.abort());
    whenClosed([server], done);
  },

  corkedWrites(t, done) {
    listening(t, {}, (c) => {
      let got = '';
      c.on('data', (chunk) => got += chunk);
      c.on('end', () => t.log('conn', `got ${got}`));
    }, (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1', () => {
        client.cork();
        client.write('a');
        client.write('b');
        t.log('client', `length ${client.writableLength} written ${client.bytesWritten}`);
        client.uncork();
        t.log('client', `length ${client.writableLength} written ${client.bytesWritten}`);
        client.write('c', () => t.log('client', 'callback'));
        client.end();
      }));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  // More than the kernel takes at once: the peer reads only when it is told to.
  drain(t, done) {
    let conn;
    listening(t, { pauseOnConnect: true }, (c) => conn = c, (server, port) => {
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1' }, () => {
        t.log('client', `marks ${client.readableHighWaterMark} ${client.writableHighWaterMark}`);
        t.log('client', `write ${client.write(Buffer.alloc(20000000), () => t.log('client', 'callback'))}`);
        t.log('client', `need ${client.writableNeedDrain} length ${client.writableLength} written ${client.bytesWritten}`);
        setImmediate(() => conn.resume());
      }));
      client.on('drain', () => client.end());
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  // What the kernel takes at once never counts as queued.
  writeTakenAtOnce(t, done) {
    listening(t, {}, (c) => c.resume(), (server, port) => {
      const client = t.watch('client', net.connect({ port, host: '127.0.0.1' }, () => {
        t.log('client', `write ${client.write(Buffer.alloc(20000), () => { t.log('client', 'callback'); client.end(); })}`);
        t.log('client', `need ${client.writableNeedDrain} length ${client.writableLength} written ${client.bytesWritten}`);
      }));
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  highWaterMark(t, done) {
    listening(t, { highWaterMark: 1000 }, (c) => {
      t.log('conn', `marks ${c.readableHighWaterMark} ${c.writableHighWaterMark}`);
      c.end();
    }, (server, port) => {
      const client = net.connect({ port, host: '127.0.0.1', highWaterMark: 2000 });
      t.log('client', `marks ${client.readableHighWaterMark} ${client.writableHighWaterMark}`);
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  injectedConnection(t, done) {
    const server = t.watchServer('server', net.createServer((s) => t.log('server', `got ${s === mine}`)));
    const mine = new net.Socket();
    server.emit('connection', mine);
    server.getConnections((err, n) => {
      t.log('server', `connections ${n}`);
      done();
    });
  },

  isIP(t, done) {
    for (const text of ['127.0.0.1', '1.2.3', '1.2.3.256', '01.2.3.4', '::', '::1', 'fe80::1%eth0', '::ffff:1.2.3.4', '1::2::3',
      'x', '', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::1%', '1.2.3.4%e', '12345::', ':1', '1:', '::1.2.3', 'fe80::%1'])
      t.log('ip', `'${text}' ${net.isIP(text)} ${net.isIPv4(text)} ${net.isIPv6(text)}`);
    done();
  },

  endAtOnce(t, done) {
    listening(t, {}, (c) => t.watch('conn', c.resume()), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      client.end();
      t.state('client', client);
      client.resume();
      whenClosed([client], () => server.close(done));
    });
  },

  unreadDataHoldsTheEnd(t, done) {
    listening(t, {}, (c) => c.end('unread'), (server, port) => {
      const client = t.watch('client', net.connect(port, '127.0.0.1'));
      client.once('readable', () => {
        t.state('client', client);
        setImmediate(() => {
          t.log('client', `read ${client.read()}`);
        });
      });
      whenClosed([client], () => server.close(done));
    });
  },

  errorInsideClose(t, done) {
    closedPort((port) => {
      t.port('PORT', port);
      const client = net.connect(port, '127.0.0.1');
      client.on('error', (err) => {
        t.log('client', `error ${err.code} closed ${client.closed} errored ${client.errored === err}`);
        client.destroy();
      });
      client.on('close', (hadError) => t.log('client', `close ${hadError} closed ${client.closed}`));
      whenClosed([client], done);
    });
  },
};

const FOLDER = path.join(__dirname, '..', 'resources', 'traces', 'net');

async function run(name) {
  const t = new Trace();
  await new Promise((done) => scenarios[name](t, done));
  // What is closing has still its 'close' to emit.
  await new Promise((settled) => setImmediate(() => setImmediate(() => setImmediate(settled))));
  if (t.directory) fs.rmSync(t.directory, { recursive: true, force: true });
  return t.text();
}

async function main() {
  const args = process.argv.slice(2);
  const check = args[0] === '--check';
  fs.mkdirSync(FOLDER, { recursive: true });
  for (const name of check || !args.length ? Object.keys(scenarios) : args) {
    const file = path.join(FOLDER, name + '.txt');
    const text = await run(name);
    if (!check) {
      fs.writeFileSync(file, text);
    } else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
      process.exitCode = 1;
      console.log(`net: ${name} differs from what is recorded. Node ${process.version} does:\n${text}`);
    }
  }
}

main();
