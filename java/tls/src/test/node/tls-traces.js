'use strict';
// Runs the scenarios of ../resources/scenarios/tls.json on a real Node and writes what happened to
// ../resources/traces/tls/NAME.txt. ParityTraceTest runs the same scenarios on the JVM and compares.
//
//   node tls-traces.js [--check] [OUTPUT_DIR] [NAME_PREFIX]
//
// --check writes nothing and fails when the recorded traces differ from what happens now.
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');

const resources = path.join(__dirname, '..', 'resources');
const fixtures = path.join(__dirname, '..', '..', '..', '..', '..', 'ci', 'fixtures');
const scenarios = require(path.join(resources, 'scenarios', 'tls.json'));
const PATIENCE = 6000;
const SERVER = { key: '@server-rsa-key.pem', cert: '@server-rsa-cert.pem' };
const CLIENT = { ca: '@ca1-cert.pem', servername: 'localhost' };

process.on('warning', () => {});
process.removeAllListeners('warning');
process.emitWarning = () => {};

// ---- values in scenario files -------------------------------------------------------------------------------

function value(v, run) {
  if (Array.isArray(v)) return v.map((each) => value(each, run));
  if (typeof v === 'string') {
    if (v.startsWith('@')) return fs.readFileSync(path.join(fixtures, v.slice(1)));
    if (v.startsWith('hex:')) return Buffer.from(v.slice(4), 'hex');
    if (v === '$session') return run.session;
    return v;
  }
  if (v === null || typeof v !== 'object') return v;
  if (v.$sni) return sniCallback(v.$sni, run);
  if (v.$alpn !== undefined) return alpnCallback(v.$alpn, run);
  if (v.$psk) return pskCallback(v.$psk, run);
  if (v.$context) return tls.createSecureContext(value(v.$context, run));
  if (v.$onread) return onread(v.$onread, run);
  if (v.$signal) return run.abort.signal;
  if (v.$identity !== undefined) return identityCheck(v.$identity, run);
  const out = {};
  for (const [name, each] of Object.entries(v)) out[name] = value(each, run);
  return out;
}

// How a scenario answers a callback: {delay, error, throw, twice, never, ...}.
function reply(plan, run, answer, good) {
  if (plan.throw) throw coded(plan.throw);
  if (plan.never) return;
  const send = () => {
    if (plan.error) answer(coded(plan.error)); else good(answer);
    if (plan.twice) good(answer);
  };
  if (plan.delay === undefined) send(); else setTimeout(send, plan.delay);
}

function coded(text) {
  const error = new Error(text);
  error.code = text;
  return error;
}

function sniCallback(plan, run) {
  return function(servername, callback) {
    run.log('server', `SNICallback ${servername}`);
    const each = plan[servername] || plan['*'] || {};
    reply(each, run, callback, (cb) => cb(null, each.context ? tls.createSecureContext(value(each.context, run)) : undefined));
  };
}

function alpnCallback(plan, run) {
  return function(hello) {
    run.log('server', `ALPNCallback ${hello.servername || 'null'} ${hello.protocols.join(',')}`);
    if (plan && plan.throw) throw coded(plan.throw);
    if (plan && plan.setKeyCert) this.setKeyCert(tls.createSecureContext(value(plan.setKeyCert, run)));
    return plan === null ? undefined : plan.select || plan;
  };
}

// Bytes arrive in a buffer of this size; the callback stops reading where the scenario says so.
function onread({ size }, run) {
  return {
    buffer: Buffer.alloc(size),
    callback: (count) => {
      run.log('client', `onread ${count}`);
      return true;
    },
  };
}

function pskCallback(plan, run) {
  return function(...args) {
    const server = args.length === 2;
    run.log(server ? 'server' : 'client', `pskCallback ${server ? args[1] : args[0]}`);
    if (plan.throw) throw coded(plan.throw);
    if (plan.key === null) return null;
    const psk = Buffer.from(plan.key, 'hex');
    return server ? psk : { psk, identity: plan.identity };
  };
}

function identityCheck(plan, run) {
  return (host, cert) => {
    run.log('client', `checkServerIdentity ${host} ${cert.subject.CN} issuer=${!!cert.issuerCertificate}`);
    return plan === null ? undefined : coded(plan);
  };
}

// ---- how things are written down ----------------------------------------------------------------------------

function errorText(e) {
  if (!e) return 'null';
  if (e.library) return `${e.code} library=${e.library} reason=${e.reason}`;
  let text = `${e.code} ${e.message.replace(/:\d{2,5}\b/g, ':PORT').replace(/[0-9A-F]{8,}:error:.*/s, 'OPENSSL')}`;
  if (e.syscall) text += ` errno=${e.errno} syscall=${e.syscall}`;
  return text;
}

function none(v) {
  return v === false || v === undefined || v === null ? 'null' : v;
}

function commonName(cert) {
  if (cert === null || cert === undefined) return 'null';
  return cert.subject ? String(cert.subject.CN) : '{}';
}

function describe(socket) {
  return `authorized=${socket.authorized} error=${none(socket.authorizationError)} protocol=${socket.getProtocol()}` +
    ` cipher=${(socket.getCipher() || {}).name} servername=${none(socket.servername)} alpn=${none(socket.alpnProtocol)}` +
    ` reused=${socket.isSessionReused()} peer=${commonName(socket.getPeerCertificate())}`;
}

function show(result) {
  if (result === undefined || result === null) return 'null';
  if (Buffer.isBuffer(result)) return `<${result.length} bytes>`;
  if (typeof result === 'object' && !Array.isArray(result) && result.encrypted) return 'this';
  return JSON.stringify(result, certificate);
}

// Certificates: bytes by length, the issuer of a root by a word.
function certificate(key, v) {
  if (v && v.type === 'Buffer' && Array.isArray(v.data)) return `<${v.data.length} bytes>`;
  if ((key === 'issuerCertificate' || key === '') && v && v.issuerCertificate === v) {
    const copy = { ...v };
    copy.issuerCertificate = 'itself';
    return copy;
  }
  return v;
}

// ---- one run ------------------------------------------------------------------------------------------------

class Run {
  constructor(scenario, version) {
    this.scenario = scenario;
    this.version = version;
    this.actors = new Map();
    this.sequence = [];
    this.objects = {};
    this.open = new Set();
    this.session = undefined;
    this.over = false;
    this.clientIndex = 0;
    this.once = new Set();
    this.abort = new AbortController();
  }

  log(actor, line) {
    if (this.over) return;
    if (!this.actors.has(actor)) this.actors.set(actor, []);
    const lines = this.actors.get(actor);
    const data = /^data (\d+)$/.exec(line);
    const last = lines.length ? /^data (\d+)$/.exec(lines[lines.length - 1]) : null;
    if (data && last && !this.scenario.chunks) {
      lines[lines.length - 1] = `data ${Number(last[1]) + Number(data[1])}`;
    } else {
      lines.push(line);
    }
    this.sequence.push(`${actor}.${line.split(' ')[0]}`);
    if (this.hold) this.checkHold();
  }

  // Records an event, then does what the scenario says for it.
  event(actor, name, line) {
    this.log(actor, line === undefined ? name : `${name} ${line}`);
    if (this.over) return;
    const key = `${actor}.${name}`;
    for (const action of (this.scenario.on || {})[key] || []) this.act(action);
    const first = (this.scenario.once || {})[key];
    if (first && !this.once.has(key)) {
      this.once.add(key);
      for (const action of first) this.act(action);
    }
  }

  act(text) {
    const wait = /^wait (\d+) (.*)$/.exec(text);
    if (wait) {
      setTimeout(() => { if (!this.over) this.act(wait[2]); }, Number(wait[1]));
      return;
    }
    const [, target, method, rest] = /^(\w+)\.(\w+) ?(.*)$/s.exec(text);
    const object = this.objects[target];
    if (!object) { this.log(target, `is not there: ${method}`); return; }
    const args = rest.startsWith('[') ? value(JSON.parse(rest), this) : rest === '' ? [] : [rest];
    switch (method) {
      case 'fill': object.write(Buffer.alloc(Number(rest), 'x')); break;
      case 'endFill': object.end(Buffer.alloc(Number(rest), 'x')); break;
      case 'destroyWith': object.destroy(coded(rest)); break;
      case 'writeNoted': this.log(target, `write ${object.write(rest, (e) => this.log(target, `wrote ${rest} ${errorText(e)}`))}`); break;
      case 'fillNoted': this.log(target, `write ${object.write(Buffer.alloc(Number(rest), 'x'), (e) => this.log(target, `wrote ${rest} ${errorText(e)}`))}`); break;
      case 'endNoted': object.end((e) => this.log(target, `ended ${errorText(e)}`)); break;
      case 'renegotiate': this.log(target, `renegotiate ${show(object.renegotiate(rest ? JSON.parse(rest) : {}, (e) => this.event(target, 'renegotiated', errorText(e))))}`); break;
      case 'note': this.log(target, `${rest} ${show(typeof object[rest] === 'function' ? object[rest]() : object[rest])}`); break;
      case 'call': {
        const [, name, list] = /^(\w+) ?(.*)$/.exec(rest);
        let result;
        try {
          result = show(object[name](...(list ? value(JSON.parse(list), this) : [])));
        } catch (e) {
          result = `throws ${e.name} ${errorText(e)}`;
        }
        this.log(target, `${name} ${result}`);
        break;
      }
      case 'is': this.log(target, `${describe(object)}`); break;
      case 'state': this.log(target, this.state(object)); break;
      case 'keepSession': this.session = object.getSession(); break;
      case 'addContext': this.attempt(target, method, () => object.addContext(args[0], args[1])); break;
      case 'setContext': this.attempt(target, method, () => object.setSecureContext(args[0])); break;
      case 'setOptions': this.attempt(target, method, () => object.setOptions(args[0])); break;
      case 'useSession': if (this.session) object.setSession(this.session); break;
      case 'keepTicketKeys': this.ticketKeys = object.getTicketKeys(); break;
      case 'restoreTicketKeys': object.setTicketKeys(this.ticketKeys); break;
      case 'count': object.getConnections((e, n) => this.log(target, `connections ${e} ${n}`)); break;
      case 'abort': this.abort.abort(); break;
      case 'corrupt': object.corrupt = rest; break;
      default: object[method](...args);
    }
  }

  attempt(target, method, what) {
    let result = 'done';
    try {
      what();
    } catch (e) {
      result = `throws ${e.name} ${errorText(e)}`;
    }
    this.log(target, `${method} ${result}`);
  }

  state(socket) {
    return `destroyed=${socket.destroyed} readable=${socket.readable} writable=${socket.writable}`;
  }

  // ---- actors

  watch(actor, socket, isTls) {
    this.objects[actor] = socket;
    this.open.add(actor);
    for (const name of ['connect', 'ready', 'end', 'finish', 'drain', 'timeout', 'secure']) {
      if (name === 'secure' && !isTls) continue;
      socket.on(name, () => this.event(actor, name));
    }
    if (!(this.scenario.deaf || []).includes(actor)) {
      socket.on('data', (chunk) => {
        this.event(actor, 'data', typeof chunk === 'string' ? JSON.stringify(chunk) : chunk.length);
      });
    }
    if (isTls) {
      socket.on('secureConnect', () => this.event(actor, 'secureConnect', describe(socket)));
      socket.on('OCSPResponse', (r) => this.event(actor, 'OCSPResponse', r === null ? 'null' : `<${r.length} bytes>`));
      if (actor.startsWith('client')) {
        socket.on('session', (session) => {
          this.session = session;
          this.event(actor, 'session');
        });
      }
      if ((this.scenario.keylog || []).includes(actor)) {
        socket.on('keylog', (line) => this.event(actor, 'keylog', `${line.toString().split(' ')[0]} newline=${line.toString().endsWith('\n')}`));
      }
    }
    socket.on('error', (e) => this.event(actor, 'error', errorText(e)));
    socket.on('close', (hadError) => {
      const counts = isTls && !this.scenario.uncounted ? ` read=${socket.bytesRead} written=${socket.bytesWritten}` : '';
      this.event(actor, 'close', `${hadError}${counts}`);
      this.open.delete(actor);
      this.progress();
    });
  }

  options(own, base) {
    const out = value({ ...base, ...own }, this);
    if (this.version) {
      if (out.minVersion === undefined && !out.secureProtocol) out.minVersion = this.version;
      if (out.maxVersion === undefined && !out.secureProtocol) out.maxVersion = this.version;
    }
    return out;
  }

  startServer() {
    const s = this.scenario;
    if (s.rawServer) {
      const server = net.createServer({ allowHalfOpen: !!s.rawServer.allowHalfOpen }, (raw) => {
        this.objects.raw = raw;
        raw.on('error', () => {});
        raw.on('data', () => {});
        if (s.rawServer.write) raw.write(s.rawServer.write);
        if (s.rawServer.then === 'end') raw.end();
        if (s.rawServer.then === 'destroy') raw.destroy();
        if (s.rawServer.then === 'reset') raw.once('data', () => raw.resetAndDestroy());
        if (s.rawServer.then === 'tls') {
          raw.removeAllListeners('data');
          const socket = new tls.TLSSocket(raw, { isServer: true, ...this.options(s.rawServer.options, SERVER) });
          this.watch('ss', socket, true);
        }
      });
      server.on('close', () => this.end());
      this.server = server;
      return server;
    }
    const server = tls.createServer(this.options(s.server, SERVER));
    this.server = server;
    this.objects.server = server;
    server.on('connection', (raw) => {
      this.objects.raw = raw;
      if (s.rawListen) this.watch('raw', raw, false);
      this.event('server', 'connection');
    });
    server.on('secureConnection', (ss) => {
      const actor = this.count === 1 ? 'ss' : `ss${this.clientIndex}`;
      this.watch(actor, ss, true);
      this.objects.ss = ss;
      this.event('server', 'secureConnection', describe(ss));
    });
    server.on('tlsClientError', (e, socket) => {
      this.objects.ss = socket;
      this.event('server', 'tlsClientError', `${errorText(e)} destroyed=${socket.destroyed} error=${none(socket.authorizationError)}`);
    });
    server.on('drop', () => this.event('server', 'drop'));
    if ((s.keylog || []).includes('server')) {
      server.on('keylog', (line, socket) => this.event('server', 'keylog', `${line.toString().split(' ')[0]} of=${socket.encrypted}`));
    }
    if (s.newSession) {
      server.on('newSession', (id, data, cb) => {
        this.log('server', `newSession <${id.length} bytes>`);
        this.store = this.store || new Map();
        this.store.set(id.toString('hex'), data);
        reply(s.newSession, this, cb, (done) => done());
      });
    }
    if (s.resumeSession) {
      server.on('resumeSession', (id, cb) => {
        const known = this.store && this.store.get(id.toString('hex'));
        this.log('server', `resumeSession <${id.length} bytes> ${known ? 'known' : 'unknown'}`);
        reply(s.resumeSession, this, cb, (done) => done(null, s.resumeSession.value !== undefined ? value(s.resumeSession.value, this) : known || null));
      });
    }
    if (s.ocsp) {
      server.on('OCSPRequest', (cert, issuer, cb) => {
        this.log('server', `OCSPRequest <${cert.length} bytes> ${issuer ? `<${issuer.length} bytes>` : 'null'}`);
        reply(s.ocsp, this, cb, (done) => done(null, s.ocsp.value ? value(s.ocsp.value, this) : null));
      });
    }
    for (const [name, context] of s.contexts || []) server.addContext(name, value(context, this));
    server.on('close', () => {
      this.log('server', 'close');
      this.end();
    });
    return server;
  }

  startClient() {
    const s = this.scenario;
    const index = ++this.clientIndex;
    const actor = this.count === 1 ? 'client' : `client${index}`;
    if (s.rawClient) {
      const raw = net.connect(this.port, '127.0.0.1');
      this.watch('client', raw, false);
      raw.on('connect', () => {
        for (const bytes of s.rawClient.send || []) raw.write(value(bytes, this));
        if (s.rawClient.then === 'end') raw.end();
        if (s.rawClient.then === 'destroy') raw.destroy();
        if (s.rawClient.then === 'reset') setTimeout(() => raw.resetAndDestroy(), 50);
      });
      return;
    }
    const own = (s.clients || [s.client])[index - 1];
    const options = { host: '127.0.0.1', port: this.port, ...this.options(own, CLIENT) };
    if (s.over === 'socket') options.socket = net.connect(this.port, '127.0.0.1');
    if (s.over === 'connected') {
      const raw = net.connect(this.port, '127.0.0.1', () => this.connectOver(actor, { ...options, socket: raw }));
      return;
    }
    this.connectOver(actor, options);
  }

  connectOver(actor, options) {
    let client;
    try {
      client = tls.connect(options);
    } catch (e) {
      this.log(actor, `throws ${e.name} ${errorText(e)}`);
      this.server.close();
      return;
    }
    this.watch(actor, client, true);
    this.objects.client = client;
    for (const action of this.scenario.start || []) this.act(action);
  }

  // A middle that can flip a bit of what passes.
  startMiddle(done) {
    const middle = net.createServer((near) => {
      const far = net.connect(this.realPort, '127.0.0.1');
      const pass = (from, to, way) => {
        from.on('data', (chunk) => {
          if (this.objects.middle.corrupt === way) {
            this.objects.middle.corrupt = null;
            chunk = Buffer.from(chunk);
            chunk[chunk.length - 1] ^= 1;
          }
          to.write(chunk);
        });
        from.on('end', () => to.end());
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      };
      pass(near, far, 'c2s');
      pass(far, near, 's2c');
    });
    this.objects.middle = { corrupt: null };
    this.middle = middle;
    middle.listen(0, '127.0.0.1', () => done(middle.address().port));
  }

  // ---- the end

  progress() {
    if (this.over || this.hold) return;
    if (this.ended) {
      this.end();
      return;
    }
    if ([...this.open].some((actor) => actor.startsWith('client'))) return;
    if (this.clientIndex < this.count) {
      if (this.open.size === 0) setTimeout(() => this.startClient(), this.scenario.pause || 0);
      return;
    }
    if (!this.closing) {
      this.closing = true;
      // Not at once: the server shall see first how the connection ended.
      setTimeout(() => this.server.close(), 30);
    }
  }

  checkHold() {
    if (this.holding || !this.hold.until.every((each) => this.sequence.includes(each))) return;
    this.holding = true;
    setTimeout(() => {
      for (const actor of this.hold.show || []) this.log(actor, this.state(this.objects[actor]));
      this.finish();
    }, this.hold.ms);
  }

  // The server is closed; sockets may have something left to say.
  end() {
    this.ended = true;
    if (this.open.size === 0) setTimeout(() => this.finish(), 20); else setTimeout(() => this.finish(), 200);
  }

  finish() {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.watchdog);
    for (const object of Object.values(this.objects)) if (object.destroy) object.destroy();
    if (this.server.listening) this.server.close();
    if (this.middle) this.middle.close();
    this.resolve(this.text());
  }

  text() {
    const lines = [];
    if (this.scenario.b) lines.push(`# ${this.scenario.b}`);
    for (const actor of [...this.actors.keys()].sort()) {
      lines.push(`[${actor}]`, ...this.actors.get(actor));
    }
    if (this.scenario.order) {
      lines.push('[order]');
      for (const [first, second] of this.scenario.order) {
        const before = this.sequence.indexOf(first);
        const after = this.sequence.indexOf(second);
        lines.push(`${first} ${before < 0 || after < 0 ? 'missing' : before < after ? 'before' : 'after'} ${second}`);
      }
    }
    return lines.join('\n') + '\n';
  }

  start() {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.hold = this.scenario.hold;
      this.count = (this.scenario.clients || [0]).length;
      this.watchdog = setTimeout(() => {
        this.log('run', 'does not end');
        this.finish();
      }, PATIENCE);
      Object.assign(tls, this.scenario.defaults);
      if (this.scenario.limit !== undefined) [tls.CLIENT_RENEG_LIMIT, tls.CLIENT_RENEG_WINDOW] = this.scenario.limit;
      let server;
      try {
        server = this.startServer();
      } catch (e) {
        this.log('server', `throws ${e.name} ${errorText(e)}`);
        this.server = { listening: false };
        this.finish();
        return;
      }
      if (this.scenario.maxConnections !== undefined) server.maxConnections = this.scenario.maxConnections;
      server.listen(0, '127.0.0.1', () => {
        this.port = this.realPort = server.address().port;
        if (this.scenario.middle) {
          this.startMiddle((port) => { this.port = port; this.startClient(); });
        } else {
          this.startClient();
        }
      });
    });
  }
}

const { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION } = tls;
const DEFAULTS = { DEFAULT_CIPHERS, DEFAULT_ECDH_CURVE, DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION };
const VERSIONS = { 1.2: 'TLSv1.2', 1.3: 'TLSv1.3' };

async function main() {
  const args = process.argv.slice(2);
  const check = args[0] === '--check';
  if (check) args.shift();
  const out = args[0] || path.join(resources, 'traces', 'tls');
  const prefix = args[1] || '';
  let differences = 0;
  const names = new Set();
  for (const scenario of scenarios) {
    for (const version of scenario.versions || ['']) {
      const name = scenario.name + (version ? `-tls${version.replace('.', '')}` : '');
      if (names.has(name)) throw new Error(`two scenarios are called ${name}`);
      names.add(name);
      if (!name.startsWith(prefix)) continue;
      const file = path.join(out, `${name}.txt`);
      const recorded = check && fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
      let text = null;
      // Some scenarios wait some milliseconds, which a busy machine may not keep: those run again.
      for (let attempt = 0; attempt < 3 && (attempt === 0 || recorded !== null && text !== recorded); attempt++) {
        text = await new Run(scenario, VERSIONS[version]).start();
        [tls.CLIENT_RENEG_LIMIT, tls.CLIENT_RENEG_WINDOW] = [3, 600];
        Object.assign(tls, DEFAULTS);
      }
      if (!check) {
        fs.writeFileSync(file, text);
      } else if (recorded !== text) {
        differences++;
        console.log(`${name}: the recorded trace is not what Node does:\n${text}`);
      }
    }
  }
  console.log(`${names.size} traces${check ? `, ${differences} differ` : ` in ${out}`} (Node ${process.version})`);
  process.exitCode = differences ? 1 : 0;
}

main();
