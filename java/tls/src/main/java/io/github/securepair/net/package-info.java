/**
 * Node's {@code net}: TCP and unix domain sockets and servers, as streams. Sockets belong to an
 * event loop; see {@link io.github.securepair.events.EventLoop} for which calls may be made on
 * other threads.
 */
package io.github.securepair.net;
