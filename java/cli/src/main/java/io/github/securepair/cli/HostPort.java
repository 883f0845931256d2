package io.github.securepair.cli;

/** {@code HOST:PORT}, {@code [IPv6]:PORT} or {@code :PORT} (then {@code localhost}). */
record HostPort(String host, int port) {
    static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? text : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon >= 0 && port >= 0 && port <= 65535) {
                return new HostPort(host.isEmpty() ? "localhost" : host, port);
            }
        } catch (NumberFormatException e) {
            // Said below, in one sentence for every way to be wrong.
        }
        throw new UsageException("'" + text + "' is not HOST:PORT");
    }

    /** Whether the host is an IP address, which may not be sent as a server name. */
    boolean isAddress() {
        return host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    }
}
