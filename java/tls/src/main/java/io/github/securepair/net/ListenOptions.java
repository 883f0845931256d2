package io.github.securepair.net;

/** The options of {@code server.listen(options)}. Setters have Node's names and return this. */
public class ListenOptions {
    Object port;
    boolean hasPort;
    String host;
    String path;
    int backlog;
    boolean ipv6Only;
    boolean readableAll;
    boolean writableAll;
    AbortSignal signal;

    /** Makes options in which nothing is set. */
    public ListenOptions() {}

    /** Copies options. */
    protected ListenOptions(ListenOptions other) {
        port = other.port;
        hasPort = other.hasPort;
        host = other.host;
        path = other.path;
        backlog = other.backlog;
        ipv6Only = other.ipv6Only;
        readableAll = other.readableAll;
        writableAll = other.writableAll;
        signal = other.signal;
    }

    /** Returns an independent copy. */
    public ListenOptions copy() {
        return new ListenOptions(this);
    }

    /** The port; 0 for any free one. Checked by listen. */
    public ListenOptions port(int value) {
        port = value;
        hasPort = true;
        return this;
    }

    /** The port in digits; null for any free one. Checked by listen. */
    public ListenOptions port(String value) {
        port = value;
        hasPort = true;
        return this;
    }

    /**
     * The name or address to listen on; default {@code ::}, with IPv4 too, or {@code 0.0.0.0}
     * without IPv6.
     */
    public ListenOptions host(String value) {
        host = value;
        return this;
    }

    /** The unix socket to listen on, a file that is made; ignored when there is a port. */
    public ListenOptions path(String value) {
        path = value;
        return this;
    }

    /** How many connections may wait to be accepted; default 511. */
    public ListenOptions backlog(int value) {
        backlog = value;
        return this;
    }

    /** Whether {@code ::} is without IPv4; default false. Only with the epoll transport. */
    public ListenOptions ipv6Only(boolean value) {
        ipv6Only = value;
        return this;
    }

    /** Whether all users may read from the unix socket; default false. */
    public ListenOptions readableAll(boolean value) {
        readableAll = value;
        return this;
    }

    /** Whether all users may write to the unix socket; default false. */
    public ListenOptions writableAll(boolean value) {
        writableAll = value;
        return this;
    }

    /** Closes the server when aborted. */
    public ListenOptions signal(AbortSignal value) {
        signal = value;
        return this;
    }
}
