/**
 * TLS between byte buffers: {@link io.github.securepair.engine.SecureContext} holds keys, trust and
 * rules; {@link io.github.securepair.engine.TLSConnection} is one endpoint that takes ciphertext
 * and gives plaintext, and the other way round; what OpenSSL would call back for arrives as
 * {@link io.github.securepair.engine.ConnectionEvent}s. No sockets, no threads, no listeners here.
 *
 * <p>Both own native memory: close them. A cleaner frees what was forgotten, some time later.
 */
package io.github.securepair.engine;
