package io.github.securepair.net;

import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;

/** The options of {@code Net.createServer(options)}. Setters have Node's names and return this. */
public class NetServerOptions {
    EventLoop loop;
    EventLoopGroup loops;
    boolean allowHalfOpen;
    boolean pauseOnConnect;
    boolean noDelay;
    boolean keepAlive;
    double keepAliveInitialDelay;
    int highWaterMark = -1;
    BlockList blockList;

    /** Makes options with Node's defaults. */
    public NetServerOptions() {}

    /** Copies options. */
    protected NetServerOptions(NetServerOptions other) {
        loop = other.loop;
        loops = other.loops;
        allowHalfOpen = other.allowHalfOpen;
        pauseOnConnect = other.pauseOnConnect;
        noDelay = other.noDelay;
        keepAlive = other.keepAlive;
        keepAliveInitialDelay = other.keepAliveInitialDelay;
        highWaterMark = other.highWaterMark;
        blockList = other.blockList;
    }

    /** Returns an independent copy. */
    public NetServerOptions copy() {
        return new NetServerOptions(this);
    }

    /** The loop the server listens on; by default the current thread's, else the default loop. */
    public NetServerOptions loop(EventLoop value) {
        loop = value;
        return this;
    }

    /**
     * The loops to spread connections over, in turn. {@code 'connection'} is then emitted on the
     * loop of the socket, so that its listeners may run on several threads at the same time: add
     * them before listening. The other events stay on the server's own loop. By default connections
     * are on that one too.
     */
    public NetServerOptions loops(EventLoopGroup value) {
        loops = value;
        return this;
    }

    /** Whether sockets stay writable after the peer's end; default false. */
    public NetServerOptions allowHalfOpen(boolean value) {
        allowHalfOpen = value;
        return this;
    }

    /** Whether sockets arrive paused; default false. */
    public NetServerOptions pauseOnConnect(boolean value) {
        pauseOnConnect = value;
        return this;
    }

    /** Whether sockets send small writes at once (TCP_NODELAY); default false. */
    public NetServerOptions noDelay(boolean value) {
        noDelay = value;
        return this;
    }

    /** Whether idle connections are probed; default false. */
    public NetServerOptions keepAlive(boolean value) {
        keepAlive = value;
        return this;
    }

    /**
     * Milliseconds of silence before the first probe, rounded down to seconds; 0 leaves the
     * system's.
     */
    public NetServerOptions keepAliveInitialDelay(double value) {
        keepAliveInitialDelay = Math.max(0, value);
        return this;
    }

    /** The mark of the sockets' buffers in bytes; default 16384, and so for a negative one. */
    public NetServerOptions highWaterMark(int value) {
        highWaterMark = value;
        return this;
    }

    /**
     * Addresses from which connections are closed at once, without an event. (Node 22.) Behind a
     * proxy or NAT it is the proxy's address that is checked.
     */
    public NetServerOptions blockList(BlockList value) {
        blockList = value;
        return this;
    }
}
