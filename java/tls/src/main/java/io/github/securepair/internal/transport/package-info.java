/**
 * What lies under a socket: channels of Netty's, and streams of this library in their place. Not
 * exported. Knows events and streams, not the sockets above it, which hand
 * {@link io.github.securepair.internal.transport.SocketInternals} to their subclasses.
 */
package io.github.securepair.internal.transport;
