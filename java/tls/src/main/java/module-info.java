/** The Node object model on the JVM: events, streams, sockets and TLS. */
module io.github.securepair {
    requires transitive io.github.securepair.engine;
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires io.netty.transport.unix.common;
    requires jdk.net;

    exports io.github.securepair.errors;
    exports io.github.securepair.events;
    exports io.github.securepair.stream;
    exports io.github.securepair.net;
    exports io.github.securepair.tls;
}
