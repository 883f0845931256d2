/**
 * TLS as a transport: it stands on a transport for ciphertext, and is one for plaintext. The
 * dispatcher is {@link io.github.securepair.internal.tls.TLSTransport}. Knows neither sockets nor
 * options; its {@link io.github.securepair.internal.tls.TLSTransport.Owner} decides about the peer.
 * Not exported.
 */
package io.github.securepair.internal.tls;
