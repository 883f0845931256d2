'use strict';
// Runs the stream scenarios of ../resources/traces/streams/*.scn on the real Node and records what happens, one line
// per observation, beside them. StreamParityTest runs the same scenarios on ours and compares line by line.
//
//   node streams.js            record every scenario
//   node streams.js --check    compare with what is recorded; exit status 1 and a report when reality differs
//   node streams.js --generate SEED COUNT    write random scenarios to standard output
//   node streams.js --run FILE   print the traces of one file's scenarios
//
// The language of the scenarios is explained at the top of scenarios.scn.

const fs = require('fs');
const path = require('path');
const stream = require('stream');

const FOLDER = path.join(__dirname, '..', 'resources', 'traces', 'streams');
// No scenario waits for anything but ticks and immediates; after so many rounds it has come to rest.
const ROUNDS = 40;
// Some scenarios go round in circles; what they do after so many statements does not count.
const STEPS = 300;

// ---- parsing -------------------------------------------------------------------------------------------------------

function parse(text) {
  const tokens = [];
  for (let line of text.split('\n')) {
    line = line.replace(/(^|\s)#.*$/, '');
    for (const token of line.split(/\s+/)) if (token) tokens.push(token);
    tokens.push(';');
  }
  let at = 0;
  function block() {
    const statements = [];
    while (at < tokens.length && tokens[at] !== '}') {
      if (tokens[at] === ';') { at++; continue; }
      const statement = { words: [], blocks: [] };
      while (at < tokens.length && tokens[at] !== ';' && tokens[at] !== '}') {
        if (tokens[at] === '{') {
          at++;
          statement.blocks.push(block());
          at++;
        } else {
          statement.words.push(tokens[at++]);
        }
      }
      statements.push(statement);
    }
    return statements;
  }
  return block().map((s) => ({ name: s.words[1], body: s.blocks[0] }));
}

// ---- running -------------------------------------------------------------------------------------------------------

function shown(value) {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') {
    return 's:' + value.replace(/[^\x21-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  }
  if (Buffer.isBuffer(value)) {
    const text = value.toString('latin1');
    return /^[\x21-\x7e]*$/.test(text) ? 'b:' + text : 'x:' + value.toString('hex');
  }
  if (value instanceof Error) {
    // Where Node makes an AggregateError of two, ours adds the second to the first one's suppressed exceptions.
    return value.code ? `${value.name.replace('Aggregate', '')}[${value.code}]` : `Error(${value.message})`;
  }
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (value.streamName) return value.streamName;
  return 'object';
}

class Run {
  constructor(scenario) {
    this.scenario = scenario;
    this.trace = [];
    this.streams = {};
    this.pending = {};
    this.listeners = {};
    this.steps = 0;
  }

  log(line) {
    if (this.trace.length < 2000) this.trace.push(line);
  }

  execute(statements) {
    for (const statement of statements || []) {
      if (++this.steps <= STEPS) this.statement(statement);
    }
  }

  statement({ words, blocks }) {
    const [verb, name, a, b] = words;
    const s = this.streams[name];
    const options = {};
    for (const word of words) {
      const equal = word.indexOf('=');
      if (equal > 0) options[word.slice(0, equal)] = word.slice(equal + 1);
    }
    const attempt = (what, call) => {
      let result;
      try {
        result = call();
      } catch (error) {
        this.log(`${name}.${what} throws ${shown(error)}`);
        return;
      }
      if (typeof result === 'boolean' || (result !== s && verb === 'read')) {
        this.log(`${name}.${what} -> ${shown(result)}`);
      }
    };
    const label = (word) => (word === undefined || word === '-') ? undefined : (error) => {
      this.log(`${name}.callback ${word} ${shown(error)}`);
      if (blocks[0]) this.execute(blocks[0]);
    };
    switch (verb) {
      case 'readable': case 'writable': case 'duplex': case 'transform': case 'passthrough':
        this.make(verb, name, options, blocks);
        break;
      case 'pair': {
        const [x, y] = makePair(this.nodeOptions(options));
        this.keep(name, x);
        this.keep(a, y);
        break;
      }
      case 'track':
        for (const event of ['close', 'error', 'end', 'finish', 'prefinish', 'drain', 'pause', 'resume', 'pipe',
          'unpipe']) {
          if (event === 'error' && words.includes('noerror')) continue;
          s.on(event, (arg) => this.log(`${name} ${event}${arg === undefined ? '' : ' ' + shown(arg)}`));
        }
        break;
      case 'on': case 'once': case 'prepend': case 'prependonce': {
        const times = options.times === undefined ? Infinity : Number(options.times);
        let calls = 0;
        const listener = (arg) => {
          this.log(`${name} ${verb} ${a}${arg === undefined ? '' : ' ' + shown(arg)}`);
          if (calls++ < times) this.execute(blocks[0]);
        };
        if (options.as) this.listeners[options.as] = listener;
        const method = { on: 'on', once: 'once', prepend: 'prependListener', prependonce: 'prependOnceListener' };
        s[method[verb]](a, listener);
        break;
      }
      case 'off': s.removeListener(a, this.listeners[b]); break;
      case 'offall': a === undefined ? s.removeAllListeners() : s.removeAllListeners(a); break;
      case 'emit': attempt('emit', () => s.emit(a, ...(b === undefined ? [] : [b]))); break;
      case 'emiterror': attempt('emiterror', () => s.emit('error', new Error(a))); break;
      case 'push': attempt('push', () => s.push(a, b)); break;
      case 'pushhex': attempt('pushhex', () => s.push(Buffer.from(a, 'hex'))); break;
      case 'pushnothing': attempt('pushnothing', () => s.push('')); break;
      case 'eof': attempt('eof', () => s.push(null)); break;
      case 'unshift': attempt('unshift', () => s.unshift(a)); break;
      case 'read': attempt('read', () => a === undefined ? s.read() : s.read(Number(a))); break;
      case 'pause': attempt('pause', () => s.pause()); break;
      case 'resume': attempt('resume', () => s.resume()); break;
      case 'setencoding': attempt('setencoding', () => s.setEncoding(a)); break;
      case 'write': attempt('write', () => s.write(a, label(b))); break;
      case 'writehex': attempt('writehex', () => s.write(Buffer.from(a, 'hex'), label(b))); break;
      case 'writeencoded': attempt('writeencoded', () => s.write(a, b)); break;
      case 'writenothing': attempt('writenothing', () => s.write('', label(a))); break;
      case 'writenull': attempt('writenull', () => s.write(null)); break;
      case 'writenumber': attempt('writenumber', () => s.write(5)); break;
      case 'defaultencoding': attempt('defaultencoding', () => s.setDefaultEncoding(a)); break;
      case 'end': attempt('end', () => s.end(...(a === undefined || a === '-' ? [] : [a]), label(b))); break;
      case 'cork': s.cork(); break;
      case 'uncork': s.uncork(); break;
      case 'destroy': attempt('destroy', () => a === undefined ? s.destroy() : s.destroy(new Error(a))); break;
      case 'pipe':
        attempt('pipe', () => s.pipe(this.streams[a], b === 'noend' ? { end: false } : undefined) && undefined);
        break;
      case 'unpipe': attempt('unpipe', () => s.unpipe(a === undefined ? undefined : this.streams[a])); break;
      case 'done': this.answer(name, null); break;
      case 'fail': this.answer(name, new Error(a)); break;
      case 'tick': process.nextTick(() => this.execute(blocks[0])); break;
      case 'immediate': setImmediate(() => this.execute(blocks[0])); break;
      case 'all': this.execute(blocks[0]); break;
      case 'log': this.log(`log ${name}`); break;
      case 'throw': throw new Error(name);
      case 'count': this.log(`${name} count ${a} ${s.listenerCount(a)}`); break;
      case 'names': this.log(`${name} names ${s.eventNames().join(',')}`); break;
      case 'state': this.state(name, s); break;
      default: throw new Error(`unknown statement ${words.join(' ')}`);
    }
  }

  answer(name, error) {
    const callback = this.pending[name];
    if (callback) {
      this.log(`${name}.${error ? 'fail' : 'done'}`);
      callback(error);
    } else {
      this.log(`${name}.idle`);
    }
  }

  state(name, s) {
    const parts = [];
    const add = (key, value) => parts.push(`${key}=${shown(value)}`);
    if (s._readableState) {
      add('r', s.readable);
      add('flowing', s.readableFlowing);
      add('paused', s.isPaused());
      add('rlen', s.readableLength);
      add('rended', s.readableEnded);
      add('raborted', s.readableAborted);
      add('didread', s.readableDidRead);
    }
    if (s._writableState) {
      add('w', s.writable);
      add('wlen', s.writableLength);
      add('needdrain', s.writableNeedDrain);
      add('wended', s.writableEnded);
      add('wfinished', s.writableFinished);
      add('corked', s.writableCorked);
      // Node has forgotten this getter on Duplex.
      if (!s._readableState) add('waborted', s.writableAborted);
    }
    add('destroyed', s.destroyed);
    add('closed', s.closed);
    add('errored', s.errored);
    this.log(`${name} state ${parts.join(' ')}`);
  }

  keep(name, s) {
    s.streamName = name;
    this.streams[name] = s;
  }

  nodeOptions(options) {
    const result = {};
    if (options.hwm) result.highWaterMark = Number(options.hwm);
    if (options.rhwm) result.readableHighWaterMark = Number(options.rhwm);
    if (options.whwm) result.writableHighWaterMark = Number(options.whwm);
    if (options.autodestroy) result.autoDestroy = options.autodestroy === 'true';
    if (options.emitclose) result.emitClose = options.emitclose === 'true';
    if (options.halfopen) result.allowHalfOpen = options.halfopen === 'true';
    if (options.readable) result.readable = options.readable === 'true';
    if (options.writable) result.writable = options.writable === 'true';
    if (options.encoding) result.encoding = options.encoding;
    return result;
  }

  // What a hook does when its script is used up: answer in some way, or never.
  settle(mode, callback) {
    switch (mode) {
      case 'tick': process.nextTick(callback); break;
      case 'immediate': setImmediate(callback); break;
      case 'fail': callback(new Error('failed')); break;
      case 'failtick': process.nextTick(() => callback(new Error('failed'))); break;
      case 'throw': throw new Error('thrown');
      case 'hold': break;
      default: callback(); break;
    }
  }

  make(kind, name, options, blocks) {
    const run = this;
    const result = this.nodeOptions(options);
    const readSteps = kind === 'writable' ? [] : (blocks[0] || []);
    const writeSteps = kind === 'writable' ? (blocks[0] || []) : (blocks[1] || []);
    let reads = 0;
    let writes = 0;
    if (kind === 'readable' || kind === 'duplex') {
      result.read = () => {
        run.log(`${name} _read`);
        if (reads < readSteps.length) run.statement(readSteps[reads++]);
      };
    }
    const step = (callback) => {
      run.pending[name] = callback;
      if (writes < writeSteps.length) run.statement(writeSteps[writes++]);
      else run.settle(options.write, (error) => callback(error));
    };
    if (kind === 'writable' || kind === 'duplex') {
      result.write = (chunk, encoding, callback) => {
        run.log(`${name} _write ${shown(chunk)}`);
        step(callback);
      };
      if (options.writev) {
        result.writev = (chunks, callback) => {
          run.log(`${name} _writev ${chunks.map((c) => shown(c.chunk)).join(' ')}`);
          step(callback);
        };
      }
      if (options.final) {
        result.final = (callback) => {
          run.log(`${name} _final`);
          run.pending[name] = callback;
          run.settle(options.final, callback);
        };
      }
    }
    if (kind === 'transform') {
      result.transform = (chunk, encoding, callback) => {
        run.log(`${name} _transform ${shown(chunk)}`);
        const more = (error) => error ? callback(error) : callback(null, chunk.toString('latin1').toUpperCase());
        run.pending[name] = more;
        run.settle(options.transform, more);
      };
      if (options.flush) {
        result.flush = (callback) => {
          run.log(`${name} _flush`);
          run.settle(options.flush, (error) => error ? callback(error) : callback(null, 'END'));
        };
      }
    }
    if (options.destroy) {
      result.destroy = (error, callback) => {
        run.log(`${name} _destroy ${shown(error)}`);
        if (options.destroy === 'sync') callback(error);
        else if (options.destroy === 'tick') process.nextTick(() => callback(error));
        else if (options.destroy === 'immediate') setImmediate(() => callback(error));
        else if (options.destroy === 'hide') callback(null);
        else run.settle(options.destroy, (other) => callback(other || error));
      };
    }
    if (options.construct) {
      result.construct = (callback) => {
        run.log(`${name} _construct`);
        run.settle(options.construct, callback);
      };
    }
    const types = {
      readable: stream.Readable, writable: stream.Writable, duplex: stream.Duplex, transform: stream.Transform,
      passthrough: stream.PassThrough,
    };
    this.keep(name, new types[kind](result));
  }
}

// stream.duplexPair came in Node 20.17; this is what it does, for older ones.
function makePair(options) {
  class Side extends stream.Duplex {
    _read() {
      const callback = this.waiting;
      if (callback) {
        this.waiting = null;
        callback();
      }
    }
    _write(chunk, encoding, callback) {
      if (chunk.length === 0) {
        process.nextTick(callback);
      } else {
        this.other.push(chunk);
        this.other.waiting = callback;
      }
    }
    _final(callback) {
      this.other.on('end', callback);
      this.other.push(null);
    }
  }
  const first = new Side(options);
  const second = new Side(options);
  first.other = second;
  second.other = first;
  return [first, second];
}

let current = null;
process.on('uncaughtException', (error) => current ? current.log(`uncaught ${shown(error)}`) : (() => {
  console.error(error);
  process.exit(2);
})());

function runAll(scenarios, done) {
  const traces = {};
  let index = 0;
  (function next() {
    current = null;
    if (index === scenarios.length) return done(traces);
    const scenario = scenarios[index++];
    const run = new Run(scenario);
    traces[scenario.name] = run.trace;
    setImmediate(() => {
      current = run;
      let rounds = 0;
      setImmediate(function wait() {
        if (++rounds < ROUNDS) return setImmediate(wait);
        for (const name of Object.keys(run.streams)) run.state(name, run.streams[name]);
        next();
      });
      run.execute(scenario.body);
    });
  })();
}

// ---- making scenarios up -------------------------------------------------------------------------------------------

function random(seed) {
  let state = seed >>> 0 || 1;
  return (n) => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state % n;
  };
}

function generate(seed, count) {
  const out = [];
  for (let i = 0; i < count; i++) {
    const r = random(seed * 100003 + i * 7919 + 1);
    for (let k = 0; k < 10; k++) r(2);
    const pick = (...list) => list[r(list.length)];
    const maybe = (text, chance = 2) => r(chance) === 0 ? text : '';
    const chunk = () => 'abcdefghij'.slice(0, 1 + r(5));
    const names = [];
    const lines = [];
    const readables = [];
    const writables = [];
    const steps = (name) => {
      let list = '';
      for (let k = r(5); k > 0; k--) {
        list += pick(`push ${name} ${chunk()}`, `all { push ${name} ${chunk()} ; push ${name} ${chunk()} }`,
          `tick { push ${name} ${chunk()} }`, `immediate { push ${name} ${chunk()} }`, `push ${name} ${chunk()}`,
          `all { push ${name} ${chunk()} ; eof ${name} }`) + ' ; ';
      }
      return list + pick(`eof ${name}`, `tick { eof ${name} }`, `immediate { eof ${name} }`, `log dry`);
    };
    const writeSteps = (name) => {
      let list = '';
      for (let k = r(3); k > 0; k--) {
        list += pick(`done ${name}`, `tick { done ${name} }`, `immediate { done ${name} }`,
          r(4) === 0 ? `fail ${name} broken` : `done ${name}`) + ' ; ';
      }
      return list;
    };
    const common = () => maybe(` autodestroy=${pick('true', 'false')}`, 5) +
      maybe(` destroy=${pick('sync', 'tick', 'immediate', 'hide')}`, 4) +
      maybe(` construct=${pick('sync', 'tick', 'immediate', 'fail')}`, 8) + maybe(' emitclose=false', 12);
    const writeMode = () => ` write=${pick('sync', 'tick', 'immediate', 'sync', 'hold')}` + maybe(' writev=true', 3) +
      maybe(` final=${pick('sync', 'tick', 'immediate', 'hold', 'fail', 'throw')}`, 3);
    for (let k = 1 + r(3); k > 0; k--) {
      const name = 'xyzuv'[names.length];
      names.push(name);
      const kind = pick('readable', 'writable', 'duplex', 'transform', 'passthrough');
      const mark = maybe(` hwm=${r(9)}`);
      if (kind === 'readable') {
        lines.push(`readable ${name}${mark}${common()} { ${steps(name)} }`);
        readables.push(name);
      } else if (kind === 'writable') {
        lines.push(`writable ${name}${mark}${common()}${writeMode()} { ${writeSteps(name)} }`);
        writables.push(name);
      } else if (kind === 'duplex') {
        lines.push(`duplex ${name}${mark}${common()}${writeMode()}${maybe(' halfopen=false')}` +
          ` { ${steps(name)} } { ${writeSteps(name)} }`);
        readables.push(name);
        writables.push(name);
      } else if (kind === 'transform') {
        lines.push(`transform ${name}${mark} transform=${pick('sync', 'tick', 'immediate', 'sync')}` +
          `${maybe(` flush=${pick('sync', 'tick', 'fail')}`)}`);
        readables.push(name);
        writables.push(name);
      } else {
        lines.push(`passthrough ${name}${mark}`);
        readables.push(name);
        writables.push(name);
      }
      lines.push(`track ${name}`);
    }
    let labels = 0;
    const operation = (depth) => {
      const choices = [];
      if (readables.length > 0) {
        const x = readables[r(readables.length)];
        choices.push(`pause ${x}`, `resume ${x}`, `read ${x}`, `read ${x} ${1 + r(4)}`, `resume ${x}`, `read ${x} 0`,
          `unshift ${x} ${chunk()}`, `destroy ${x}${maybe(' gone')}`, `state ${x}`);
        if (r(4) === 0) choices.push(`setencoding ${x} ${pick('utf8', 'hex', 'base64')}`, `push ${x} ${chunk()}`);
        if (r(6) === 0) choices.push(`eof ${x}`, `offall ${x} ${pick('data', 'readable')}`);
        if (writables.length > 0) {
          const y = writables[r(writables.length)];
          // Never in a circle: it would not come to rest.
          if (x > y) choices.push(`pipe ${x} ${y}${maybe(' noend', 4)}`, `pipe ${x} ${y}`, `unpipe ${x} ${y}`,
            `unpipe ${x}`);
        }
        if (depth < 3) {
          choices.push(`on ${x} data times=${1 + r(2)} { ${body(depth + 1)} }`, `on ${x} data { }`,
            `on ${x} readable times=${1 + r(2)} { ${maybe(`read ${x} ; `)}${body(depth + 1)} }`,
            `once ${x} ${pick('end', 'close', 'readable', 'data', 'pause')} { ${body(depth + 1)} }`,
            `on ${x} readable { read ${x} }`);
        }
      }
      if (writables.length > 0) {
        const y = writables[r(writables.length)];
        choices.push(`write ${y} ${chunk()}`, `write ${y} ${chunk()} ${++labels}`, `write ${y} ${chunk()}`, `end ${y}`,
          `end ${y} ${pick('-', chunk())} ${++labels}`, `cork ${y}`, `uncork ${y}`, `done ${y}`,
          `destroy ${y}${maybe(' gone')}`, `writenothing ${y} ${++labels}`, `state ${y}`);
        if (depth < 3) {
          choices.push(`once ${y} ${pick('drain', 'finish', 'close', 'error', 'prefinish')} { ${body(depth + 1)} }`,
            `write ${y} ${chunk()} ${++labels} { ${body(depth + 1)} }`);
        }
      }
      if (depth < 3) choices.push(`tick { ${body(depth + 1)} }`, `immediate { ${body(depth + 1)} }`);
      return pick(...choices);
    };
    const body = (depth) => {
      const list = [];
      for (let k = 1 + r(2); k > 0; k--) list.push(operation(depth));
      return list.join(' ; ');
    };
    for (let k = 3 + r(6); k > 0; k--) lines.push(operation(0));
    out.push(`scenario g${seed}-${i} {\n  ${lines.join('\n  ')}\n}`);
  }
  return out.join('\n') + '\n';
}

// ---- command -------------------------------------------------------------------------------------------------------

function files() {
  return fs.readdirSync(FOLDER).filter((f) => f.endsWith('.scn')).sort();
}

// One file of traces per file of scenarios, or per scenario for those written by hand.
function recorded(file, traces) {
  const result = {};
  const format = (trace) => trace.map((line) => line + '\n').join('');
  if (file === 'scenarios.scn') {
    for (const name of Object.keys(traces)) result[`${name}.txt`] = format(traces[name]);
  } else {
    result[file.replace(/scn$/, 'traces')] =
      Object.keys(traces).map((name) => `== ${name}\n${format(traces[name])}`).join('');
  }
  return result;
}

const [command, ...args] = process.argv.slice(2);
if (command === '--generate') {
  process.stdout.write(generate(Number(args[0]), Number(args[1])));
} else if (command === '--run') {
  runAll(parse(fs.readFileSync(args[0], 'utf8')), (traces) => {
    for (const name of Object.keys(traces)) console.log(`== ${name}\n${traces[name].join('\n')}`);
  });
} else {
  const work = files();
  let differences = 0;
  (function next() {
    if (work.length === 0) {
      if (differences) process.exitCode = 1;
      return;
    }
    const file = work.shift();
    runAll(parse(fs.readFileSync(path.join(FOLDER, file), 'utf8')), (traces) => {
      const out = recorded(file, traces);
      for (const name of Object.keys(out)) {
        const target = path.join(FOLDER, name);
        if (command === '--check') {
          if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== out[name]) {
            console.error(`${name} differs from what Node ${process.version} does`);
            differences++;
          }
        } else {
          fs.writeFileSync(target, out[name]);
        }
      }
      next();
    });
  })();
}
