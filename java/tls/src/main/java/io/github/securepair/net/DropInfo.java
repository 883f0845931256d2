package io.github.securepair.net;

/**
 * The two ends of a connection that a server with too many closed at once: the argument of
 * {@code 'drop'}.
 */
public record DropInfo(
        String localAddress,
        int localPort,
        String localFamily,
        String remoteAddress,
        int remotePort,
        String remoteFamily) {}
