/**
 * The bytes below a socket: one interface that net implements over Netty and over any Duplex, and
 * that TLS both uses and implements. Not exported;
 * {@link io.github.securepair.internal.transport.NetAccess} is the door into {@code net.Socket}.
 */
package io.github.securepair.internal.transport;
