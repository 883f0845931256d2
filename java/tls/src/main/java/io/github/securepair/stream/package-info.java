/**
 * Node's streams: {@link io.github.securepair.stream.Readable},
 * {@link io.github.securepair.stream.Writable}, {@link io.github.securepair.stream.Duplex} and
 * {@link io.github.securepair.stream.Transform}, with the order of events of Node 20.
 */
package io.github.securepair.stream;
