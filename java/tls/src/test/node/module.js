'use strict';
// Asks a real Node what the functions of its tls module do with many inputs, and writes inputs and answers, one
// case a line, to ../resources/traces/module/*.json. The tests of java/tls feed the same inputs to ours.
//
//   node module.js [--check]
//
// --check writes nothing and fails when Node answers otherwise than recorded.
//
// Values in cases: {$file} is a fixture as bytes, {$text} the same as a string, {$hex} bytes, {$zeros} so many zero
// bytes, {$repeat: [s, n]} a long string, {$join: [...]} strings joined, {$head: [fixture, n]} the first n characters,
// {$number} a number that JSON has not; everything else stands for itself.
const fs = require('fs');
const net = require('net');
const path = require('path');
const tls = require('tls');
const { constants } = require('crypto');

const fixtures = path.join(__dirname, '..', '..', '..', '..', '..', 'ci', 'fixtures');
const output = path.join(__dirname, '..', 'resources', 'traces', 'module');
const check = process.argv[2] === '--check';
const fixture = (name) => fs.readFileSync(path.join(fixtures, name));

const warnings = [];
process.emitWarning = (text) => { warnings.push(String(text.message || text)); };

function value(v) {
  if (Array.isArray(v)) return v.map(value);
  if (v === null || typeof v !== 'object') return v;
  if (v.$file) return fixture(v.$file);
  if (v.$text) return fixture(v.$text).toString();
  if (v.$hex !== undefined) return Buffer.from(v.$hex, 'hex');
  if (v.$zeros !== undefined) return Buffer.alloc(v.$zeros);
  if (v.$repeat) return v.$repeat[0].repeat(v.$repeat[1]);
  if (v.$join) return v.$join.map(value).join('');
  if (v.$head) return fixture(v.$head[0]).toString().slice(0, v.$head[1]);
  if (v.$number) return Number(v.$number);
  return Object.fromEntries(Object.entries(v).map(([name, each]) => [name, value(each)]));
}

function failure(error) {
  const out = { name: error.name };
  for (const key of ['code', 'message', 'library', 'reason', 'host', 'opensslErrorStack']) {
    if (error[key] !== undefined) out[key] = error[key];
  }
  // The texts of print_errors start with a thread's number.
  out.message = out.message.replace(/^[0-9A-F]{8,}:(error.*)\n$/, 'THREAD:$1');
  return out;
}

function attempt(action) {
  warnings.length = 0;
  let out;
  try {
    out = { ok: action() };
  } catch (error) {
    out = { error: failure(error) };
  }
  if (warnings.length) out.warnings = [...warnings];
  return out;
}

function write(name, cases) {
  const seen = new Set();
  const twice = cases.filter((each) => seen.has(each.case) || !seen.add(each.case)).map((each) => each.case);
  if (twice.length) throw new Error(`${name}: these cases are there twice: ${twice.join('; ')}`);
  const lines = cases.map((each) => JSON.stringify(each));
  const file = path.join(output, `${name}.json`);
  const text = `[\n${lines.join(',\n')}\n]\n`;
  if (!check) {
    fs.writeFileSync(file, text);
    return;
  }
  const recorded = new Set(fs.readFileSync(file, 'utf8').split(/,?\n/));
  const changed = lines.filter((line) => !recorded.delete(line));
  changed.forEach((line) => console.error(`${name}: now ${line}`));
  if (changed.length || recorded.size > 3) process.exitCode = 1;
}

// ---- createSecureContext ------------------------------------------------------------------------------------

const f = (name) => ({ $file: name });
const t = (name) => ({ $text: name });
const RSA = { key: f('server-rsa-key.pem'), cert: f('server-rsa-cert.pem') };
const ECDSA = { key: f('server-ecdsa-key.pem'), cert: f('server-ecdsa-cert.pem') };
const WRONG_TYPES = { number: 1, zero: 0, true: true, false: false, object: {}, null: null, empty: '' };
const contexts = [];
const context = (name, options) => contexts.push([name, options]);

context('no option', {});
for (const option of ['key', 'cert', 'ca', 'crl', 'dhparam', 'pfx']) {
  for (const [kind, wrong] of Object.entries(WRONG_TYPES)) context(`${option} ${kind}`, { [option]: wrong });
  context(`${option} list of a number`, { [option]: [1] });
  context(`${option} list of an object`, { [option]: [{}] });
  context(`${option} list of null`, { [option]: [null] });
  context(`${option} empty list`, { [option]: [] });
  context(`${option} garbage`, { [option]: 'garbage' });
  context(`${option} garbage bytes`, { [option]: { $hex: 'ff00ff00ff00' } });
}
for (const option of ['ciphers', 'ecdhCurve', 'sigalgs', 'sessionIdContext', 'sessionTimeout', 'ticketKeys',
  'secureOptions', 'secureProtocol', 'minVersion', 'maxVersion', 'passphrase', 'clientCertEngine',
  'privateKeyIdentifier', 'privateKeyEngine', 'honorCipherOrder', 'allowPartialTrustChain']) {
  for (const [kind, wrong] of Object.entries(WRONG_TYPES)) context(`${option} ${kind}`, { [option]: wrong });
  context(`${option} list`, { [option]: ['a'] });
}
// keys
context('key string', { key: t('server-rsa-key.pem') });
context('key bytes', { key: f('server-rsa-key.pem') });
context('key traditional RSA', { key: t('server-rsa-key-traditional.pem') });
context('key traditional EC', { key: t('server-ecdsa-key-traditional.pem') });
context('key Ed25519', { key: t('server-ed25519-key.pem') });
context('key is a certificate', { key: t('server-rsa-cert.pem') });
context('key is a public key', { key: t('server-rsa-public.pem') });
context('key is DER', { key: f('server-rsa-cert.der') });
context('key truncated', { key: { $head: ['server-rsa-key.pem', 400] } });
context('key behind a certificate in one file', { key: { $join: [t('server-rsa-cert.pem'), t('server-rsa-key.pem')] } });
context('key matches cert', RSA);
context('key of the same type does not match', { ...RSA, key: t('other-rsa-key.pem') });
context('key of another type than cert', { key: t('server-ecdsa-key.pem'), cert: t('server-rsa-cert.pem') });
for (const kind of ['', '-traditional']) {
  for (const type of ['rsa', 'ecdsa']) {
    const key = t(`server-${type}-key-encrypted${kind}.pem`);
    context(`encrypted ${type}${kind} without passphrase`, { key });
    context(`encrypted ${type}${kind} with empty passphrase`, { key, passphrase: '' });
    context(`encrypted ${type}${kind} with wrong passphrase`, { key, passphrase: 'wrong' });
    context(`encrypted ${type}${kind} with passphrase`, { key, passphrase: 'passphrase' });
    context(`encrypted ${type}${kind} in a list with its own`, { key: [{ pem: key, passphrase: 'passphrase' }] });
  }
}
const encrypted = t('server-rsa-key-encrypted.pem');
context('passphrase of 1023 bytes', { key: encrypted, passphrase: { $repeat: ['a', 1023] } });
context('passphrase of 1024 bytes', { key: encrypted, passphrase: { $repeat: ['a', 1024] } });
context('passphrase of 1025 bytes', { key: encrypted, passphrase: { $repeat: ['a', 1025] } });
context('passphrase for a key without one', { ...RSA, passphrase: 'whatever' });
context('passphrase number with key', { ...RSA, passphrase: 1 });
context('passphrase object with key', { ...RSA, passphrase: {} });
context('passphrase false with key', { ...RSA, passphrase: false });
context('passphrase number with pfx', { pfx: f('server-rsa.pfx'), passphrase: 1 });
context('key list of two types', { key: [RSA.key, ECDSA.key], cert: [RSA.cert, ECDSA.cert] });
context('key list, shared passphrase', { key: [{ pem: encrypted }, t('server-ecdsa-key-encrypted.pem')], passphrase: 'passphrase' });
context('key list, own before shared passphrase', { key: [{ pem: encrypted, passphrase: 'passphrase' }], passphrase: 'wrong' });
context('key list, one wrong', { key: [{ pem: encrypted, passphrase: 'wrong' }], passphrase: 'passphrase' });
context('key list, passphrase number', { key: [{ pem: encrypted, passphrase: 1 }] });
context('key object outside a list', { key: { pem: t('server-rsa-key.pem') } });
context('key list, pem number', { key: [{ pem: 1 }] });
context('key list, pem empty', { key: [{ pem: '' }] });
context('key list, empty string', { key: [''] });
// certificates
context('cert with chain', { cert: t('server-intermediate-chain.pem'), key: t('server-intermediate-key.pem') });
context('cert only', { cert: RSA.cert });
context('cert is a key', { cert: t('server-rsa-key.pem') });
context('cert is DER', { cert: f('server-rsa-cert.der') });
context('cert truncated in its header', { cert: { $head: ['server-rsa-cert.pem', 20] } });
context('cert truncated', { cert: { $head: ['server-rsa-cert.pem', 400] } });
context('cert with garbage behind', { cert: { $join: [t('server-rsa-cert.pem'), 'garbage'] } });
context('cert with a broken second one', { cert: { $join: [t('server-rsa-cert.pem'), { $head: ['ca1-cert.pem', 300] }] } });
context('cert list of strings', { cert: [t('server-rsa-cert.pem'), t('server-ecdsa-cert.pem')] });
context('cert list of an empty string', { cert: [''] });
context('RSA-1024', { key: t('server-rsa1024-key.pem'), cert: t('server-rsa1024-cert.pem') });
for (const level of [0, 1, 2, 3]) {
  for (const bits of [512, 1024]) {
    context(`RSA-${bits} at level ${level}`, {
      key: t(`server-rsa${bits}-key.pem`), cert: t(`server-rsa${bits}-cert.pem`), ciphers: `DEFAULT:@SECLEVEL=${level}` });
  }
}
context('RSA-2048 at level 3', { ...RSA, ciphers: 'DEFAULT:@SECLEVEL=3' });
// trust
context('ca string', { ca: t('ca1-cert.pem') });
context('ca bytes', { ca: f('ca1-cert.pem') });
context('ca bundle', { ca: t('ca-bundle.pem') });
context('ca list', { ca: [t('ca1-cert.pem'), f('ca2-cert.pem')] });
context('ca twice', { ca: [t('ca1-cert.pem'), t('ca1-cert.pem')] });
context('ca truncated', { ca: { $head: ['ca1-cert.pem', 300] } });
context('ca is a key', { ca: t('server-rsa-key.pem') });
context('ca good and garbage', { ca: [t('ca1-cert.pem'), 'garbage'] });
context('ca partial trust', { ca: t('intermediate-cert.pem'), allowPartialTrustChain: true });
context('crl string', { ca: t('ca1-cert.pem'), crl: t('ca1-crl-revoked.pem') });
context('crl bytes', { ca: t('ca1-cert.pem'), crl: f('ca1-crl-revoked.pem') });
context('crl list', { ca: t('ca1-cert.pem'), crl: [t('ca1-crl-empty.pem'), f('ca2-crl-empty.pem')] });
context('crl without ca', { crl: t('ca1-crl-empty.pem') });
context('crl is a certificate', { crl: t('ca1-cert.pem') });
context('crl truncated', { crl: { $head: ['ca1-crl-empty.pem', 200] } });
// pfx
for (const name of ['server-rsa', 'server-ecdsa', 'server-intermediate', 'client', 'server-rsa-3des', 'server-rsa-legacy',
  'server-rsa-no-passphrase', 'server-rsa-no-mac', 'no-key', 'no-cert']) {
  const pfx = f(`${name}.pfx`);
  context(`pfx ${name}`, { pfx, passphrase: 'passphrase' });
  context(`pfx ${name} without passphrase`, { pfx });
  context(`pfx ${name} with empty passphrase`, { pfx, passphrase: '' });
  context(`pfx ${name} with wrong passphrase`, { pfx, passphrase: 'wrong' });
}
context('pfx empty bytes', { pfx: { $hex: '' } });
context('pfx is PEM', { pfx: t('server-rsa-cert.pem') });
context('pfx is a DER certificate', { pfx: f('server-rsa-cert.der') });
context('pfx list of bytes', { pfx: [f('server-rsa.pfx')], passphrase: 'passphrase' });
context('pfx list of objects', { pfx: [{ buf: f('server-rsa.pfx'), passphrase: 'passphrase' }] });
context('pfx list, shared passphrase', { pfx: [{ buf: f('server-rsa.pfx') }, f('server-ecdsa.pfx')], passphrase: 'passphrase' });
context('pfx list, own before shared', { pfx: [{ buf: f('server-rsa.pfx'), passphrase: 'wrong' }], passphrase: 'passphrase' });
context('pfx object outside a list', { pfx: { buf: f('server-rsa.pfx') }, passphrase: 'passphrase' });
context('pfx list, buf number', { pfx: [{ buf: 1 }] });
context('pfx after key and cert of another type', { ...ECDSA, pfx: f('server-rsa.pfx'), passphrase: 'passphrase' });
// suites
for (const ciphers of ['no-such', 'no-such:AES128-GCM-SHA256', 'no-such:no-other', 'TLS_NO_SUCH', '!TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256:AES128-GCM-SHA256', 'TLS_AES_128_GCM_SHA256:TLS_NO_SUCH',
  'TLS_NO_SUCH:AES128-GCM-SHA256', 'tls_aes_128_gcm_sha256', 'aes128-gcm-sha256', ':', '::', ' ', 'AES128-GCM-SHA256:',
  ':AES128-GCM-SHA256', 'AES128-GCM-SHA256,AES256-GCM-SHA384', 'AES128-GCM-SHA256 AES256-GCM-SHA384',
  'RC4-SHA:AES128-SHA', 'HIGH', 'DEFAULT', 'ALL', 'COMPLEMENTOFALL', 'aNULL', 'eNULL', '!ALL', 'PSK', 'EXPORT',
  '@SECLEVEL=0', 'DEFAULT:@SECLEVEL=0', 'DEFAULT:@SECLEVEL=5', 'DEFAULT:@SECLEVEL=6', 'DEFAULT:@SECLEVEL=9',
  'DEFAULT:@SECLEVEL=x', 'DEFAULT:@STRENGTH', 'DEFAULT:@NO', 'HIGH:!aNULL:!MD5', 'ECDHE+AESGCM', 'AES128-SHA@SECLEVEL=0',
  'TLS_AES_128_GCM_SHA256:@SECLEVEL=0', 'ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL:!EDH']) {
  context(`ciphers '${ciphers}'`, { ciphers });
}
context('ciphers only of 1.3, maximum 1.2', { ciphers: 'TLS_AES_128_GCM_SHA256', maxVersion: 'TLSv1.2' });
for (const ecdhCurve of ['auto', 'prime256v1', 'P-256', 'P-256:X25519', 'X25519', 'secp384r1', 'P-521', 'sect571r1', 'secp112r1',
  'brainpoolP256r1', 'ffdhe2048', 'no-such', 'P-256:no-such', ':', 'P-256:', 'P-256:P-256', 'auto:P-256', 'AUTO', 'p-256']) {
  context(`ecdhCurve '${ecdhCurve}'`, { ecdhCurve });
}
for (const bits of [512, 1024, 2048]) {
  context(`dhparam ${bits}`, { dhparam: t(`dh${bits}.pem`) });
  context(`dhparam ${bits} bytes`, { dhparam: f(`dh${bits}.pem`) });
}
context('dhparam auto', { dhparam: 'auto' });
context('dhparam 512 at level 0', { dhparam: t('dh512.pem'), ciphers: 'DEFAULT:@SECLEVEL=0' });
context('dhparam 1024 at level 2', { dhparam: t('dh1024.pem'), ciphers: 'DEFAULT:@SECLEVEL=2' });
context('dhparam truncated', { dhparam: { $head: ['dh2048.pem', 100] } });
context('dhparam is a certificate', { dhparam: t('ca1-cert.pem') });
for (const sigalgs of ['RSA+SHA256', 'rsa_pss_rsae_sha256:ECDSA+SHA256', 'no-such', 'RSA+SHA256:no-such', ':', 'ed25519']) {
  context(`sigalgs '${sigalgs}'`, { sigalgs });
}
// sessions
for (const sessionTimeout of [0, 1, 300, 2147483647, 2147483648, 4294967296, 9007199254740991, -1, -2147483649, 1.5, 0.5, '10']) {
  context(`sessionTimeout ${JSON.stringify(sessionTimeout)}`, { sessionTimeout });
}
for (const number of ['NaN', 'Infinity', '-Infinity']) {
  context(`sessionTimeout ${number}`, { sessionTimeout: { $number: number } });
  context(`secureOptions ${number}`, { secureOptions: { $number: number } });
}
for (const length of [1, 31, 32, 33, 100]) {
  context(`sessionIdContext of ${length} bytes`, { sessionIdContext: { $repeat: ['a', length] } });
}
context('sessionIdContext of 16 two-byte letters', { sessionIdContext: { $repeat: ['é', 16] } });
context('sessionIdContext of 17 two-byte letters', { sessionIdContext: { $repeat: ['é', 17] } });
for (const length of [0, 16, 47, 48, 49, 80]) context(`ticketKeys of ${length} bytes`, { ticketKeys: { $zeros: length } });
context('ticketKeys string of 48', { ticketKeys: { $repeat: ['a', 48] } });
for (const secureOptions of [1, -1, 2147483648, 4294967296, 1.5, '1', constants.SSL_OP_NO_TICKET, constants.SSL_OP_ALL,
  9007199254740991, 9007199254740992]) {
  context(`secureOptions ${JSON.stringify(secureOptions)}`, { secureOptions });
}
// versions
const METHODS = [];
for (const version of ['SSLv2', 'SSLv3', 'SSLv23', 'TLS', 'TLSv1', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3', 'DTLS']) {
  for (const side of ['', '_server', '_client']) METHODS.push(`${version}${side}_method`);
}
for (const secureProtocol of [...METHODS, 'blargh', '_method', 'TLSv1_2', 'TLSV1_2_METHOD', 'TLSv1_2_method ', 'TLSv1.2']) {
  context(`secureProtocol '${secureProtocol}'`, { secureProtocol });
}
for (const version of ['TLSv1', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', 'TLSv1.4', 'tlsv1.2', 'SSLv3', 'TLSv1_2', ' TLSv1.2']) {
  context(`minVersion '${version}'`, { minVersion: version });
  context(`maxVersion '${version}'`, { maxVersion: version });
}
context('minVersion above maxVersion', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' });
context('secureProtocol and minVersion', { secureProtocol: 'TLSv1_2_method', minVersion: 'TLSv1.2' });
context('secureProtocol and maxVersion', { secureProtocol: 'TLSv1_2_method', maxVersion: 'TLSv1.3' });
context('secureProtocol and both versions', { secureProtocol: 'TLSv1_2_method', minVersion: 'TLSv1', maxVersion: 'TLSv1.3' });
context('secureProtocol unknown and minVersion', { secureProtocol: 'blargh', minVersion: 'TLSv1.2' });
context('secureProtocol and bad minVersion', { secureProtocol: 'TLSv1_2_method', minVersion: 'x' });
context('both versions bad', { minVersion: 'x', maxVersion: 'y' });
// engines
context('privateKeyIdentifier alone', { privateKeyIdentifier: 'id' });
context('privateKeyEngine alone', { privateKeyEngine: 'engine' });
context('privateKeyIdentifier and privateKeyEngine', { privateKeyIdentifier: 'id', privateKeyEngine: 'engine' });
context('clientCertEngine', { clientCertEngine: 'engine' });
context('privateKeyIdentifier with key', { ...RSA, privateKeyIdentifier: 'id', privateKeyEngine: 'engine' });
context('privateKeyIdentifier number with engine', { privateKeyIdentifier: 1, privateKeyEngine: 'engine' });
context('privateKeyEngine number with identifier', { privateKeyIdentifier: 'id', privateKeyEngine: 1 });
context('key and privateKeyIdentifier without engine', { ...RSA, privateKeyIdentifier: 'id' });
// which error comes first
context('order: ciphers before cert', { ciphers: 'no-such', cert: 'garbage' });
context('order: ca before cert', { ca: 1, cert: 'garbage' });
context('order: cert before key', { cert: 'garbage', key: 1 });
context('order: key before ecdhCurve', { key: 'garbage', ecdhCurve: 'no-such' });
context('order: sigalgs before ecdhCurve', { sigalgs: '', ecdhCurve: 'no-such' });
context('order: ecdhCurve before dhparam', { ecdhCurve: 'no-such', dhparam: 1 });
context('order: dhparam before crl', { dhparam: 1, crl: 'garbage' });
context('order: crl before sessionIdContext', { crl: 'garbage', sessionIdContext: 1 });
context('order: sessionIdContext before pfx', { sessionIdContext: 1, pfx: 'garbage' });
context('order: pfx before ticketKeys', { pfx: 1, ticketKeys: 1 });
context('order: ticketKeys before sessionTimeout', { ticketKeys: 1, sessionTimeout: 'x' });
context('order: secureOptions before ciphers', { secureOptions: 'x', ciphers: 'no-such' });
context('order: minVersion before secureOptions', { minVersion: 'x', secureOptions: 'x' });
context('order: secureProtocol before ciphers', { secureProtocol: 'x', ciphers: 'no-such' });

function secureContexts() {
  write('createSecureContext', contexts.map(([name, options]) => ({
    case: name, options, ...attempt(() => { tls.createSecureContext(value(options)); return true; }) })));
}

// ---- checkServerIdentity ------------------------------------------------------------------------------------

const identities = [];
const identity = (host, subject, subjectaltname) => identities.push({ host, subject, subjectaltname });
const dns = (host, ...patterns) => identity(host, {}, patterns.map((each) => `DNS:${each}`).join(', '));
const cn = (host, name) => identity(host, { CN: name });
for (const [host, name] of [['a.com', 'a.com'], ['a.com', 'A.COM'], ['A.COM', 'a.com'], ['a.com', 'b.com'], ['a.com.', 'a.com'],
  ['a.com', 'a.com.'], ['a.com..', 'a.com'], ['a.com...', 'a.com'], ['', 'a.com'], ['.', 'a.com'], ['a.com', ''], ['', ''],
  ['b.a.com', '*.a.com'], ['a.com', '*.a.com'], ['b.a.com', '*b.a.com'], ['a-cb.a.com', '*b.a.com'], ['c.b.a.com', '*.a.com'],
  ['a.com', '*.com'], ['com', '*'], ['a', 'a'], ['localhost', 'localhost'], ['localhost', 'LocalHost'], ['a.com', ['a.com', 'b.com']],
  ['b.com', ['a.com', 'b.com']], ['c.com', ['a.com', 'b.com']], ['c.com', []], ['8.8.8.8', '8.8.8.8'], ['::1', '::1'],
  ['[::1]', '[::1]'], ['a com', 'a com'], ['*.b.com', '*.b.com'], [' a.com', 'a.com']]) cn(host, name);
for (const [host, ...patterns] of [['a.com', 'a.com'], ['a.com', 'b.com'], ['a.com', 'b.com', 'a.com'], ['a.com', 'b.com', 'c.com'],
  ['a.co.uk', '*.co.uk'], ['a.com', '*.co.uk'], ['b.a.com', '*b.a.com'], ['a-cb.a.com', '*b.a.com'], ['a.b.a.com', '*b.a.com'],
  ['foo.b.com', 'f*.b.com'], ['foo.b.com', '*o.b.com'], ['foo.b.com', 'f*o.b.com'], ['fo.b.com', 'fo*o.b.com'],
  ['foo.b.com', 'fo*o.b.com'], ['foo.b.com', 'foo*.b.com'], ['foo.b.com', '*foo.b.com'], ['foo.b.com', 'f**o.b.com'],
  ['foo.b.com', '*f*.b.com'], ['foo.a.com', 'foo.*.com'], ['foo.a.com', 'foo.a.*'], ['a.com', '*'], ['a', '*'], ['a.b', '*.b'],
  ['a.b.c', '*.b.c'], ['.b.c', '*.b.c'], ['.b.com', 'x.b.com'], ['a..b.com', 'a..b.com'], ['a.b.com', 'a..b.com'],
  ['xn--a.b.com', '*.b.com'], ['xn--a.b.com', 'xn--a.b.com'], ['xn--a.b.com', 'xn--*.b.com'], ['xn--ab.b.com', '*xn--ab.b.com'],
  ['xn--foo.b.com', 'xn--f*.b.com'], ['é.b.com', '*.b.com'], ['é.b.com', 'é.b.com'], ['a.b.com', 'A.B.COM'], ['A.B.COM', '*.b.Com'],
  ['\u212A.com', 'k.com'], ['k.com', '\u212A.com'], ['\u0130.b.com', 'i.b.com'], ['a\u0000.com', 'a\u0000.com'], ['a.com', 'a.com\u0000.b.com'],
  ['a.com', 'a.com '], ['a b.com', 'a b.com'], ['a!b.com', 'a!b.com'], ['a~b.com', 'a~b.com'], ['a\u007fb.com', 'a\u007fb.com'],
  ['a_b.com', 'a_b.com'], ['a.com.', 'a.com.'], ['a.com', 'a.com.'], ['a.com', '.a.com'], ['a.com', 'a.com..'], ['*.b.com', '*.b.com'],
  ['a.b.com', ''], ['', ''], ['1.2.3.4', '1.2.3.4'], ['1.2.3.4', '*.2.3.4'], ['::1', '::1'], ['127.1', '127.1'], ['0x7f.0.0.1', '0x7f.0.0.1'],
  ['1.2.3.4.5', '*.2.3.4.5'], ['undefined', 'undefined']]) dns(host, ...patterns);
for (const [host, names] of [['a.com', 'IP Address:127.0.0.1'], ['127.0.0.1', 'IP Address:127.0.0.1'], ['127.0.0.2', 'IP Address:127.0.0.1'],
  ['::1', 'IP Address:0:0:0:0:0:0:0:1'], ['0:0::1', 'IP Address:0:0:0:0:0:0:0:1'], ['::1', 'IP Address:::1'], ['::1', 'IP Address:::2, IP Address:1.2.3.4'],
  ['1.2.3.4', 'IP Address:1.2.3.5, IP Address:0:0:0:0:0:0:0:1'], ['FE80::1', 'IP Address:fe80:0:0:0:0:0:0:1'], ['fe80::1%eth0', 'IP Address:FE80:0:0:0:0:0:0:1'],
  ['fe80::1%', 'IP Address:FE80:0:0:0:0:0:0:1'], ['::ffff:1.2.3.4', 'IP Address:1.2.3.4'], ['1.2.3.4', 'IP Address:0:0:0:0:0:FFFF:102:304'],
  ['::ffff:1.2.3.4', 'IP Address:0:0:0:0:0:FFFF:102:304'], ['::ffff:102:304', 'IP Address:0:0:0:0:0:FFFF:102:304'], ['[::1]', 'IP Address:0:0:0:0:0:0:0:1'],
  ['1.2.3.4', 'DNS:1.2.3.4, IP Address:4.3.2.1'], ['01.2.3.4', 'IP Address:1.2.3.4'], ['1.2.3', 'IP Address:1.2.0.3'], ['1.2.3.4.', 'IP Address:1.2.3.4'],
  ['256.1.1.1', 'IP Address:1.1.1.1'], ['8.8.8.8', 'IP Address:8.8.8.8, DNS:dns.test'], ['dns.test', 'IP Address:8.8.8.8, DNS:dns.test'],
  ['1:2:3:4:5:6:7:8', 'IP Address:1:2:3:4:5:6:7:8'], ['1:2:3:4:5:6:1.2.3.4', 'IP Address:1:2:3:4:5:6:102:304'], ['::', 'IP Address:0:0:0:0:0:0:0:0'],
  ['1::8', 'IP Address:1:0:0:0:0:0:0:8'], ['1:0:0:4:0:0:0:8', 'IP Address:1:0:0:4:0:0:0:8'], ['1::4:0:0:0:8', 'IP Address:1:0:0:4:0:0:0:8'],
  ['::1', 'IP Address:garbage'], ['1.2.3.4', 'IP Address:garbage, IP Address:<invalid>'],
  ['a.com', 'URI:http://a.com/'], ['a.b.a.com', 'URI:http://a.b.a.com/'], ['a.com', 'email:a@a.com'], ['a.com', 'othername:<unsupported>'],
  ['a.com', 'DNS:a.com, URI:http://b.com/'], ['a.com', 'dns:a.com'], ['a.com', 'DNS:b.com,DNS:a.com'], ['a.com', 'DNS: a.com'],
  ['a.com', 'DNS:"a.com"'], ['a.com', 'DNS:"a.com\\u002c DNS:b.com"'], ['b.com', 'DNS:"a.com\\u002c DNS:b.com"'], ['b.com', 'DNS:"a.com, DNS:b.com", DNS:c.com'],
  ['c.com', 'DNS:"a.com, DNS:b.com", DNS:c.com'], ['a.com', 'DNS:"a\\u002ecom"'], ['a.com', 'DNS:a"."com'], ['a.com', 'DNS:"a.com'], ['a.com', 'DNS:"a.com\\"'],
  ['a.com', 'DNS:"a.com\\x"'], ['a.com', 'DNS:"a.com\\u12"'], ['a.com', 'DNS:"a.com\n"'], ['a.com', 'DNS:"", DNS:a.com'], ['a.com', '"'], ['a.com', '""'],
  ['a.com', 'DNS:"a.com"x'], ['a\tb.com', 'DNS:"a\\tb.com"'], ['1.2.3.4', 'DNS:"IP Address:1.2.3.4"'], ['1.2.3.4', '"IP Address:1.2.3.4"'],
  ['a.com', '"DNS:a.com"'], ['a.com', ''], ['a.com', ', '], ['a.com', 'DNS:'], ['a.com', 'DNS:, DNS:a.com']]) {
  identity(host, { CN: 'a.com' }, names);
  if (!names.includes('DNS:')) identity(host, {}, names);
}
identity('a.com', { CN: 'a.com' }, 'DNS:b.com');
identity('a.com', { O: 'a.com' });
identity('a.com', {}, undefined);
identity('a.com', undefined, undefined);
identity('a.com', undefined, 'DNS:a.com');
identity('a.com', undefined, 'DNS:b.com');
identity(null, { CN: 'null' });
identity(null, { CN: 'a.com' });

function serverIdentities() {
  write('checkServerIdentity', identities.map(({ host, subject, subjectaltname }) => ({
    case: JSON.stringify([host, subject, subjectaltname]),
    host, subject, subjectaltname,
    ...attempt(() => {
      const error = tls.checkServerIdentity(host, { subject, subjectaltname });
      return error === undefined ? 'match' : failure(error);
    }),
  })));
}

// ---- protocol lists, suites, roots --------------------------------------------------------------------------

const LISTS = [[], ['a'], ['h2', 'http/1.1'], ['é'], [{ $hex: '6832' }], [{ $hex: '6832' }, 'x'], [{ $repeat: ['a', 255] }],
  [{ $repeat: ['a', 256] }], ['ok', { $repeat: ['é', 128] }], { $hex: '02683208687474702f312e31' }, { $hex: '' }, [''], ['a', ''],
  { $hex: '05' }, { $hex: '0061' }, 'h2', 1, null, {}, [1], [null], [['a']]];

function protocolLists() {
  write('convertALPNProtocols', LISTS.map((list) => ({
    case: JSON.stringify(list), list,
    ...attempt(() => {
      const out = {};
      tls.convertALPNProtocols(value(list), out);
      return out.ALPNProtocols === undefined ? null : out.ALPNProtocols.toString('hex');
    }),
  })));
}

function inventory() {
  const options = Object.fromEntries(Object.entries(constants).filter(([name]) => name.startsWith('SSL_OP_')));
  write('inventory', [
    { case: 'getCiphers', ok: tls.getCiphers() },
    { case: 'constants', ok: {
      CLIENT_RENEG_LIMIT: tls.CLIENT_RENEG_LIMIT, CLIENT_RENEG_WINDOW: tls.CLIENT_RENEG_WINDOW, DEFAULT_CIPHERS: tls.DEFAULT_CIPHERS,
      DEFAULT_ECDH_CURVE: tls.DEFAULT_ECDH_CURVE, DEFAULT_MIN_VERSION: tls.DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION: tls.DEFAULT_MAX_VERSION } },
    { case: 'SSL_OP', ok: options },
    { case: 'coreDefaultCipherList', ok: constants.defaultCoreCipherList },
    { case: 'features', ok: Object.fromEntries(Object.entries(process.features).filter(([name]) => name.startsWith('tls'))) },
  ]);
}

// ---- servers and clients: what they throw at the call -------------------------------------------------------

// Addresses and rules of net.BlockList: what each step answers, and the rules at the end.
function blockList() {
  const every = [['1.2.3.4'], ['1.2.3.5'], ['127.0.0.1'], ['::1', 'ipv6'], ['::ffff:1.2.3.4', 'ipv6'], ['::ffff:102:305', 'ipv6'], ['::1.2.3.4', 'ipv6'],
    ['1.2.3.4', 'ipv6'], ['::1'], ['x'], ['1.2.3.4', 'x'], ['1.2.3.4', 'IPV4'], ['fe80::1%lo', 'ipv6'], ['10.1.15.255'], ['10.1.16.0'],
    ['8592:757c:efae:4e45:ffff::', 'ipv6'], ['8592:757c:efae:4e46::', 'ipv6']].map((check) => ['check', ...check]);
  const adds = [
    ['addAddress', '1.2.3.4'], ['addAddress', '::1', 'ipv6'], ['addAddress', '0:0:0:0:0:0:0:1', 'IPv6'], ['addAddress', '::ffff:1.2.3.4', 'ipv6'],
    ['addAddress', 'fe80::1%lo', 'ipv6'], ['addAddress', 'x'], ['addAddress', ''], ['addAddress', '1.2.3.4', 'ipv6'], ['addAddress', '::1'],
    ['addAddress', '1.2.3.4', 'x'], ['addAddress', '1:0:0:2:0:0:0:3', 'ipv6'], ['addAddress', '1:0:2:3:4:5:6:7', 'ipv6'], ['addAddress', '0:0:1::', 'ipv6'],
    ['addAddress', '::ABCD:1', 'ipv6'], ['addAddress', '1:0:0:2:3:0:0:4', 'ipv6'], ['addAddress', '::ffff:0:1.2.3.4', 'ipv6'], ['addAddress', '::', 'ipv6'],
    ['addAddress', '::5', 'ipv6'], ['addAddress', '1::', 'ipv6'],
    ['addRange', '1.2.3.0', '1.2.3.4'], ['addRange', '1.2.3.4', '1.2.3.4'], ['addRange', '1.2.3.5', '1.2.3.4'], ['addRange', '::1', 'ffff::', 'ipv6'],
    ['addRange', '::ffff:1.0.0.0', '::ffff:1.255.255.255', 'ipv6'], ['addRange', '1.2.3.4', '::1'], ['addRange', 'x', '1.2.3.4'],
    ['addSubnet', '1.2.3.4', 24], ['addSubnet', '1.2.3.4', 32], ['addSubnet', '1.2.3.4', 31], ['addSubnet', '1.2.3.4', 0], ['addSubnet', '10.1.2.3', 20], ['addSubnet', '1.2.3.4', 33],
    ['addSubnet', '1.2.3.4', -1], ['addSubnet', '8592:757c:efae:4e45::', 64, 'ipv6'], ['addSubnet', '::', 0, 'ipv6'], ['addSubnet', '::', 96, 'ipv6'],
    ['addSubnet', '::', 128, 'ipv6'], ['addSubnet', '::', 129, 'ipv6'], ['addSubnet', '::ffff:1.2.3.4', 24, 'ipv6'], ['addSubnet', '::ffff:1.2.3.4', 100, 'ipv6'],
    ['addSubnet', '::1', 64],
  ];
  const cases = [[], ...adds.map((add) => [add]), adds.filter((add) => /^(1|::1)/.test(add[1]))];
  write('blockList', cases.map((calls) => {
    const list = new net.BlockList();
    const steps = [...calls, ...every].map((call) => {
      const { ok, error } = attempt(() => { const answer = list[call[0]](...call.slice(1)); return answer === undefined ? null : answer; });
      return { call, ...(error ? { error } : { ok }) };
    });
    return { case: calls.map((call) => call.join(' ')).join(', ') || 'nothing', steps, rules: list.rules };
  }));
}

function functions() {
  const cases = [];
  const bad = { number: 1, string: 'x', object: {}, true: true };
  for (const option of ['SNICallback', 'ALPNCallback', 'pskCallback', 'handshakeTimeout', 'sessionTimeout', 'pskIdentityHint', 'ALPNProtocols']) {
    for (const [kind, wrong] of Object.entries(bad)) {
      if (!(option === 'pskIdentityHint' && kind === 'string') && !(kind === 'number' && /Timeout/.test(option))) {
        cases.push(['createServer', `${option} ${kind}`, { [option]: wrong }]);
      }
    }
  }
  cases.push(['createServer', 'garbage cert', { cert: 'garbage' }]);
  cases.push(['createServer', 'handshakeTimeout zero', { handshakeTimeout: 0 }]);
  cases.push(['createServer', 'handshakeTimeout negative', { handshakeTimeout: -1 }]);
  cases.push(['createServer', 'sessionTimeout negative', { sessionTimeout: -1 }]);
  cases.push(['createServer', 'ticketKeys of 47 bytes', { ticketKeys: { $zeros: 47 } }]);
  cases.push(['createServer', 'pskIdentityHint long', { pskIdentityHint: { $repeat: ['a', 300] } }]);
  cases.push(['createServer', 'ALPN name too long', { ALPNProtocols: [{ $repeat: ['a', 256] }] }]);
  cases.push(['createServer', 'nothing', {}]);
  cases.push(['connect', 'nothing', {}]);
  for (const port of ['abc', -1, 70000, 65536, 1.5, true, {}, '', '-1', '0x', ' ']) cases.push(['connect', `port ${JSON.stringify(port)}`, { port }]);
  cases.push(['connect', 'host number', { port: 1, host: 1 }]);
  cases.push(['connect', 'path number', { path: 1 }]);
  cases.push(['connect', 'localAddress no IP', { port: 1, localAddress: 'x' }]);
  cases.push(['connect', 'localAddress number', { port: 1, localAddress: 1 }]);
  cases.push(['connect', 'localPort string', { port: 1, localPort: 'x' }]);
  cases.push(['connect', 'lookup string', { port: 1, lookup: 'x' }]);
  cases.push(['connect', 'secureContext object', { port: 1, secureContext: {} }]);
  cases.push(['connect', 'secureContext string', { port: 1, secureContext: 'x' }]);
  cases.push(['connect', 'session string', { port: 1, session: 'x' }]);
  cases.push(['connect', 'session number', { port: 1, session: 1 }]);
  cases.push(['connect', 'pskCallback number', { port: 1, pskCallback: 1 }]);
  cases.push(['connect', 'enableTrace number', { port: 1, enableTrace: 1 }]);
  cases.push(['connect', 'minVersion bad', { port: 1, minVersion: 'x' }]);
  cases.push(['connect', 'key garbage', { port: 1, key: 'garbage' }]);
  cases.push(['connect', 'ALPN name too long', { port: 1, ALPNProtocols: [{ $repeat: ['a', 256] }] }]);
  // What goes on to net. Only functions would do for some, which a record cannot hold.
  const kinds = { text: 'x', empty: '', true: true, false: false, minus: -1, half: 1.5, NaN: { $number: 'NaN' }, zero: 0, five: 5, object: {}, list: [] };
  for (const option of ['family', 'hints', 'timeout', 'highWaterMark', 'localPort', 'localAddress', 'lookup', 'autoSelectFamily',
    'autoSelectFamilyAttemptTimeout', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'signal', 'onread', 'allowHalfOpen', 'enableTrace',
    'requestOCSP', 'session', 'servername', 'path', 'pskCallback', 'rejectUnauthorized']) {
    for (const [kind, given] of Object.entries(kinds)) {
      cases.push(['connect', `with ${option} ${kind}`, { port: 1, host: 'localhost', [option]: given }]);
    }
  }
  for (const family of ['IPv4', 'IPv6', 'ipv4', 4, 6]) cases.push(['connect', `family ${family}`, { port: 1, host: 'localhost', family }]);
  for (const hints of [8, 16, 32, 56, 64, 4294967296]) cases.push(['connect', `hints ${hints}`, { port: 1, host: 'localhost', hints }]);
  cases.push(['connect', 'family of an address', { port: 1, host: '127.0.0.1', family: 5 }]);
  cases.push(['connect', 'hints of an address', { port: 1, host: '127.0.0.1', hints: 5 }]);
  for (const option of ['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark', 'requestCert', 'rejectUnauthorized']) {
    for (const [kind, given] of Object.entries(kinds)) {
      cases.push(['createServer', `with ${option} ${kind}`, { [option]: given }]);
    }
  }
  const off = () => {};
  write('functions', cases.map(([name, label, options]) => ({
    case: `${name} ${label}`, function: name, options,
    ...attempt(() => {
      if (name === 'createServer') {
        tls.createServer(value(options));
      } else {
        tls.connect(value(options)).on('error', off).destroy();
      }
      return true;
    }),
  })));
}

// ---- what options do to a handshake -------------------------------------------------------------------------

const RANGES = [{}, ...METHODS.filter((each) => !/^(SSLv2|SSLv3|TLSv1_3|DTLS)/.test(each)).map((secureProtocol) => ({ secureProtocol }))];
for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']) {
  RANGES.push({ minVersion: version }, { maxVersion: version }, { minVersion: version, maxVersion: version });
}
RANGES.push({ minVersion: 'TLSv1', maxVersion: 'TLSv1.3' }, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' });
for (const name of ['SSL_OP_NO_TLSv1_3', 'SSL_OP_NO_TLSv1_2', 'SSL_OP_NO_TLSv1_1']) {
  RANGES.push({ secureOptions: constants[name] }, { secureOptions: constants[name], minVersion: 'TLSv1' });
}
RANGES.push({ secureOptions: constants.SSL_OP_NO_TLSv1_2 + constants.SSL_OP_NO_TLSv1_3 });
const LEVEL0 = 'DEFAULT:@SECLEVEL=0';
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

const CA = { ca: t('ca1-cert.pem') };
const V12 = { maxVersion: 'TLSv1.2' };
const HANDSHAKES = [
  ['defaults', RSA, CA],
  ['defaults of 1.2', { ...RSA, ...V12 }, CA],
  ['ECDSA', ECDSA, CA],
  ['both identities', { key: [RSA.key, ECDSA.key], cert: [RSA.cert, ECDSA.cert] }, CA],
  ['both identities, RSA asked for', { key: [RSA.key, ECDSA.key], cert: [RSA.cert, ECDSA.cert] }, { ...CA, sigalgs: 'RSA-PSS+SHA256:RSA+SHA256' }],
  ['both identities, ECDSA suite of 1.2', { key: [RSA.key, ECDSA.key], cert: [RSA.cert, ECDSA.cert] }, { ...CA, ...V12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
  ['both identities, RSA suite of 1.2', { key: [RSA.key, ECDSA.key], cert: [RSA.cert, ECDSA.cert] }, { ...CA, ...V12, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
  ['Ed25519', { key: t('server-ed25519-key.pem'), cert: t('server-ed25519-cert.pem') }, CA],
  ['cipher of the client', RSA, { ...CA, ciphers: 'TLS_AES_128_GCM_SHA256' }],
  ['cipher of the server', { ...RSA, ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }, CA],
  ['only 1.3 suites against 1.2', { ...RSA, ciphers: 'TLS_AES_128_GCM_SHA256' }, { ...CA, ...V12 }],
  ['only 1.2 suites leave 1.3 on', { ...RSA, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }, CA],
  ['static RSA', { ...RSA, ciphers: 'AES128-SHA' }, { ...CA, ...V12, ciphers: 'AES128-SHA' }],
  ['no shared cipher', { ...RSA, ciphers: 'AES128-SHA', ...V12 }, { ...CA, ...V12, ciphers: 'AES256-SHA' }],
  ['bare context: the order of the client', { ...RSA, ...V12, ciphers: 'AES256-SHA:AES128-SHA' }, { ...CA, ...V12, ciphers: 'AES128-SHA:AES256-SHA' }],
  ['honorCipherOrder', { ...RSA, ...V12, ciphers: 'AES256-SHA:AES128-SHA', honorCipherOrder: true }, { ...CA, ...V12, ciphers: 'AES128-SHA:AES256-SHA' }],
  ['honorCipherOrder in 1.3', { ...RSA, ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256', honorCipherOrder: true }, { ...CA, ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256' }],
  ['SSL_OP_CIPHER_SERVER_PREFERENCE', { ...RSA, ...V12, ciphers: 'AES256-SHA:AES128-SHA', secureOptions: constants.SSL_OP_CIPHER_SERVER_PREFERENCE }, { ...CA, ...V12, ciphers: 'AES128-SHA:AES256-SHA' }],
  ['curve of the server', { ...RSA, ecdhCurve: 'secp384r1' }, CA],
  ['curve of the client', RSA, { ...CA, ecdhCurve: 'P-521' }],
  ['curve in 1.2', { ...RSA, ...V12, ecdhCurve: 'prime256v1' }, CA],
  ['no shared curve', { ...RSA, ecdhCurve: 'secp384r1' }, { ...CA, ecdhCurve: 'P-521' }],
  ['no shared curve in 1.2', { ...RSA, ...V12, ecdhCurve: 'secp384r1' }, { ...CA, ecdhCurve: 'P-521' }],
  ['DHE with parameters', { ...RSA, ...V12, dhparam: t('dh2048.pem') }, { ...CA, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
  ['DHE with small parameters', { ...RSA, ...V12, dhparam: t('dh1024.pem') }, { ...CA, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
  ['DHE auto', { ...RSA, ...V12, dhparam: 'auto' }, { ...CA, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
  ['DHE without parameters', { ...RSA, ...V12 }, { ...CA, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
  ['DHE with unreadable parameters', { ...RSA, ...V12, dhparam: 'garbage' }, { ...CA, ciphers: 'DHE-RSA-AES128-GCM-SHA256' }],
  ['sigalgs without a common one', { ...RSA, sigalgs: 'ECDSA+SHA256' }, CA],
  ['cert chain', { key: t('server-intermediate-key.pem'), cert: t('server-intermediate-chain.pem') }, CA],
  ['cert without its chain', { key: t('server-intermediate-key.pem'), cert: t('server-intermediate-cert.pem') }, CA],
  ['cert of one type, key of another', { key: t('server-ecdsa-key.pem'), cert: t('server-rsa-cert.pem') }, CA],
  ['cert only', { cert: t('server-rsa-cert.pem') }, CA],
  ['no identity', {}, CA],
  ['anchor without partial trust', { key: t('server-intermediate-key.pem'), cert: t('server-intermediate-cert.pem') }, { ca: t('intermediate-cert.pem') }],
  ['anchor with partial trust', { key: t('server-intermediate-key.pem'), cert: t('server-intermediate-cert.pem') }, { ca: t('intermediate-cert.pem'), allowPartialTrustChain: true }],
  ['ca replaces the default roots', RSA, { ca: t('ca2-cert.pem') }],
  ['ca absent means the default roots', RSA, {}],
  ['ca bundle', RSA, { ca: t('ca-bundle.pem') }],
  ['ca list', RSA, { ca: [t('ca2-cert.pem'), t('ca1-cert.pem')] }],
  ['ca empty string means the default roots', RSA, { ca: '' }],
  ['crl without entry', RSA, { ...CA, crl: t('ca1-crl-empty.pem') }],
  ['crl revokes', { key: t('server-revoked-key.pem'), cert: t('server-revoked-cert.pem') }, { ...CA, crl: t('ca1-crl-revoked.pem') }],
  ['crl of another ca', RSA, { ...CA, crl: t('ca2-crl-empty.pem') }],
  ['crl expired', RSA, { ...CA, crl: t('ca1-crl-expired.pem') }],
  ['crl leaves others alone', { key: t('server-revoked-key.pem'), cert: t('server-revoked-cert.pem') }, CA],
  ['expired', { key: t('expired-key.pem'), cert: t('expired-cert.pem') }, CA],
  ['not yet valid', { key: t('not-yet-valid-key.pem'), cert: t('not-yet-valid-cert.pem') }, CA],
  ['self-signed', { key: t('self-signed-key.pem'), cert: t('self-signed-cert.pem') }, CA],
  ['self-signed, itself trusted', { key: t('self-signed-key.pem'), cert: t('self-signed-cert.pem') }, { ca: t('self-signed-cert.pem') }],
  ['root in the chain, not trusted', { key: t('server-ca2-key.pem'), cert: t('server-ca2-chain.pem') }, CA],
  ['not for servers', { key: t('no-server-auth-key.pem'), cert: t('no-server-auth-cert.pem') }, CA],
  ['pfx', { pfx: f('server-rsa.pfx'), passphrase: 'passphrase' }, CA],
  ['pfx trusts its own ca', RSA, { ...CA, ca: t('ca2-cert.pem'), pfx: f('client.pfx'), passphrase: 'passphrase' }],
  ['pfx with chain', { pfx: f('server-intermediate.pfx'), passphrase: 'passphrase' }, CA],
  ['pfx of both types', { pfx: [{ buf: f('server-rsa.pfx'), passphrase: 'passphrase' }, { buf: f('server-ecdsa.pfx'), passphrase: 'passphrase' }] },
    { ...CA, ...V12, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
  ['RSA-1024', { key: t('server-rsa1024-key.pem'), cert: t('server-rsa1024-cert.pem'), ciphers: 'DEFAULT:@SECLEVEL=1' }, { ...CA, ciphers: 'DEFAULT:@SECLEVEL=1' }],
  ['RSA-1024 at level 2 of the client', { key: t('server-rsa1024-key.pem'), cert: t('server-rsa1024-cert.pem'), ciphers: 'DEFAULT:@SECLEVEL=1' }, { ...CA, ciphers: 'DEFAULT:@SECLEVEL=2' }],
  ['NODE 0.12 ciphers', { ...RSA, ciphers: 'ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL:!EDH', ...V12, honorCipherOrder: true }, CA],
];

function handshake(serverOptions, clientOptions) {
  return new Promise((resolve) => {
    const out = {};
    let server;
    let secureContext;
    try {
      secureContext = tls.createSecureContext(value(serverOptions));
      const other = tls.createSecureContext(value(clientOptions));
      server = net.createServer((raw) => {
        const socket = new tls.TLSSocket(raw, { isServer: true, secureContext });
        socket.on('error', (error) => { out.server = error.code; });
        socket.on('secure', () => socket.end('x'));
        raw.on('error', () => {});
      });
      server.listen(0, '127.0.0.1', () => {
        const client = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', secureContext: other, rejectUnauthorized: false });
        client.on('secureConnect', () => {
          out.protocol = client.getProtocol();
          out.cipher = client.getCipher().name;
          const key = client.getEphemeralKeyInfo();
          if (key.type) out.ephemeral = `${key.type} ${key.name || ''} ${key.size}`;
          if (client.authorizationError) out.verify = String(client.authorizationError.code || client.authorizationError);
          out.subject = client.getPeerCertificate().subject && client.getPeerCertificate().subject.CN;
        });
        client.on('error', (error) => { out.client = error.code; });
        client.on('data', () => {});
        client.on('close', () => server.close(() => resolve({ ok: out })));
      });
    } catch (error) {
      resolve({ error: failure(error) });
    }
  });
}

async function handshakes() {
  const cases = [];
  for (const [name, server, client] of HANDSHAKES) cases.push({ case: name, server, client, ...await handshake(server, client) });
  write('handshakes', cases);
  const ranges = [];
  for (const range of RANGES) {
    const out = { case: JSON.stringify(range), range, server: [], client: [] };
    const mine = { ...range, ciphers: LEVEL0 };
    for (const version of VERSIONS) {
      const other = { minVersion: version, maxVersion: version, ciphers: LEVEL0 };
      const asServer = await handshake({ ...RSA, ...mine }, other);
      if (asServer.ok && asServer.ok.protocol) out.server.push(asServer.ok.protocol);
      const asClient = await handshake({ ...RSA, ...other }, mine);
      if (asClient.ok && asClient.ok.protocol) out.client.push(asClient.ok.protocol);
    }
    ranges.push(out);
  }
  write('ranges', ranges);
}

async function main() {
  secureContexts();
  serverIdentities();
  protocolLists();
  inventory();
  functions();
  blockList();
  await handshakes();
}

process.on('uncaughtException', (error) => {
  // tls.connect throws for some options when its socket connects already, and nobody has that one.
  if (error.code === 'ECONNREFUSED' && error.port === 1) return;
  console.error(error);
  process.exit(1);
});
main();
