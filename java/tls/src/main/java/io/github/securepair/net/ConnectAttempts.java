package io.github.securepair.net;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.SystemException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.Handle;
import io.github.securepair.events.Timer;
import io.github.securepair.internal.transport.ChannelTransport;
import io.github.securepair.internal.transport.Channels;
import io.github.securepair.internal.transport.SystemErrors;

import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One run of {@code socket.connect()}: look-up, then one address after the other. On the loop
 * thread.
 */
final class ConnectAttempts {
    private static final int LEAST_ATTEMPT_TIMEOUT = 10;

    private final Socket socket;
    private final EventLoop loop;
    private final SocketConnectOptions options;
    private final int port;

    /** The system's error code when the socket is connecting or connected already, or null. */
    private final String refused;

    private boolean begun;
    private boolean cancelled;
    private Handle lookingUp;

    // For several addresses.
    private List<Lookup.Address> addresses;
    private List<String> attempted;
    private List<Throwable> errors;
    private int current;
    private Timer attemptTimer;

    ConnectAttempts(Socket socket, SocketConnectOptions options, int port, String refused) {
        this.socket = socket;
        this.loop = socket.loop();
        this.options = options;
        this.port = port;
        this.refused = refused;
    }

    /** Throws for invalid options, and returns the port. */
    static int check(SocketConnectOptions options) {
        if (options.localAddress != null
                && !options.localAddress.isEmpty()
                && Net.isIP(options.localAddress) == 0) {
            throw NetErrors.invalidAddress(options.localAddress);
        }
        if (options.host != null && options.host.indexOf('\0') >= 0) {
            throw ArgumentException.invalidArgValue(
                    "options.host", options.host, "must be a string without null bytes");
        }
        int port = options.port == null ? 0 : NetErrors.port(options.port, "Port");
        Integer timeout = options.autoSelectFamilyAttemptTimeout;
        if (timeout != null && timeout < 1) {
            throw ArgumentException.outOfRange(
                    "options.autoSelectFamilyAttemptTimeout", ">= 1 && <= 2147483647", timeout);
        }
        boolean named = options.host == null || Net.isIP(options.host) == 0;
        if (named && options.lookup == null) {
            // As in Node only the system's look-up checks these.
            family(options.family);
            Lookup.checkHints(options.hints);
        }
        return port;
    }

    private static int family(Object given) {
        if (given == null || given.equals(0)) {
            return 0;
        }
        if (given.equals(4) || "IPv4".equals(given)) {
            return 4;
        }
        if (given.equals(6) || "IPv6".equals(given)) {
            return 6;
        }
        throw ArgumentException.invalidArgValue("options.family", given, "must be one of: 0, 4, 6");
    }

    /** A custom lookup gets 0 for an invalid family. */
    private int wantedFamily() {
        try {
            return family(options.family);
        } catch (ArgumentException unchecked) {
            return 0;
        }
    }

    /** Begins, unless the socket was destroyed or connected anew since. */
    void begin(boolean unix) {
        begun = true;
        socket._hadTurn();
        if (cancelled) {
            return;
        }
        if (unix) {
            unix();
        } else {
            start();
        }
    }

    /** False while the thread that called connect() may still be adding listeners. */
    boolean hasBegun() {
        return begun;
    }

    /** The socket was destroyed: no attempt may go on, or report anything. */
    void cancel() {
        cancelled = true;
        stopTimer();
        if (lookingUp != null) {
            lookingUp.close();
        }
    }

    // ---- unix ---------------------------------------------------------------------------------

    private void unix() {
        String path = options.path;
        if (refused != null) {
            socket.emit(Socket.CONNECTION_ATTEMPT, path, null, null);
            socket.destroy(error(refused, "connect", path, 0, null));
            return;
        }
        ChannelTransport channel = ChannelTransport.unix(loop);
        socket.handle().useChannel(channel);
        socket.emit(Socket.CONNECTION_ATTEMPT, path, null, null);
        if (cancelled) {
            return;
        }
        if (Channels.isTooLong(path)) {
            socket.destroy(error("ENAMETOOLONG", "connect", path, 0, null));
            return;
        }
        SocketAddress address;
        try {
            address = Channels.unixAddress(path);
        } catch (IllegalArgumentException notForTheJdk) {
            socket.destroy(error("EINVAL", "connect", path, 0, null));
            return;
        }
        channel.connect(address, error -> {
            if (error == null) {
                socket.onConnected();
            } else {
                failed(
                        path,
                        null,
                        null,
                        error(
                                SystemErrors.codeOf(error, "ECONNREFUSED"),
                                "connect",
                                path,
                                0,
                                null));
            }
        });
    }

    // ---- TCP ----------------------------------------------------------------------------------

    private void start() {
        String host = options.host == null || options.host.isEmpty() ? "localhost" : options.host;
        int family = Net.isIP(host);
        if (family != 0) {
            loop.nextTick(() -> {
                if (!cancelled) {
                    connectTo(host, family);
                }
            });
            return;
        }
        socket.setHostName(host);
        boolean auto = options.autoSelectFamily != null
                ? options.autoSelectFamily
                : Net.getDefaultAutoSelectFamily();
        int wanted = wantedFamily();
        boolean several = auto && wanted == 0 && options.localAddress == null;
        int hints = options.hints == 0 && wanted == 0 ? Lookup.ADDRCONFIG : options.hints;
        Lookup lookup = options.lookup != null ? options.lookup : SystemLookup.INSTANCE;
        if (lookup == SystemLookup.INSTANCE) {
            // As libuv's request. A custom lookup keeps the loop alive itself, or does not.
            lookingUp = loop.handle();
        }
        boolean[] called = {false};
        lookup.lookup(host, new Lookup.Options(several, wanted, hints), (error, found) -> {
            Runnable result = () -> {
                if (called[0]) {
                    return;
                }
                called[0] = true;
                if (lookingUp != null) {
                    lookingUp.close();
                }
                if (several) {
                    foundSeveral(host, error, found);
                } else {
                    foundOne(host, error, found);
                }
            };
            if (loop.inLoop()) {
                result.run();
            } else {
                loop.execute(result);
            }
        });
    }

    private void foundOne(String host, Throwable error, List<Lookup.Address> found) {
        Lookup.Address first = error == null && !isNothing(found) ? found.get(0) : null;
        String ip = first == null ? null : first.address();
        Integer family = first == null ? null : (Integer) first.family();
        socket.emit(Socket.LOOKUP, error, ip, family, host);
        if (cancelled) {
            return;
        }
        Throwable problem = problemOf(error, found, host);
        if (problem == null) {
            problem = problemOf(first, host);
        }
        if (problem != null) {
            destroyLater(problem);
        } else {
            connectTo(ip, family);
        }
    }

    private static boolean isNothing(List<Lookup.Address> found) {
        return found == null || found.isEmpty();
    }

    /** Returns why a look-up gave no address at all, or null. */
    private static Throwable problemOf(Throwable error, List<Lookup.Address> found, String host) {
        if (error != null || !isNothing(found)) {
            return error;
        }
        return found == null
                ? NetErrors.invalidAddress(null)
                : new LookupException("ENOTFOUND", host);
    }

    private void destroyLater(Throwable problem) {
        loop.nextTick(() -> socket.destroy(problem));
    }

    /** Returns what is wrong with an address, or null. */
    private Throwable problemOf(Lookup.Address found, String host) {
        if (found == null) {
            return NetErrors.invalidAddress(null);
        }
        if (Net.isIP(found.address()) == 0) {
            return NetErrors.invalidAddress(found.address());
        }
        if (found.family() != 4 && found.family() != 6) {
            return NetErrors.invalidFamily(found.family(), host, port);
        }
        return null;
    }

    /** Connects to the one address there is. */
    private void connectTo(String ip, int family) {
        if (refused != null) {
            socket.emit(Socket.CONNECTION_ATTEMPT, ip, port, family);
            AddressInfo bound = socket.address();
            String local = bound.isEmpty()
                    ? anyAddress(family) + ":0"
                    : bound.address() + ":" + bound.port();
            socket.destroy(error(refused, "connect", ip, port, local));
            return;
        }
        ChannelTransport channel = open(family);
        String local = options.localAddress != null && !options.localAddress.isEmpty()
                ? options.localAddress
                : null;
        if (local != null || options.localPort != 0) {
            SystemException refused = bind(channel, local != null ? local : anyAddress(family));
            if (refused != null) {
                socket.destroy(refused);
                return;
            }
        }
        socket.emit(Socket.CONNECTION_ATTEMPT, ip, port, family);
        if (cancelled) {
            return;
        }
        if (socket.blocks(options.blockList, ip)) {
            socket.destroy(NetErrors.blocked(ip));
            return;
        }
        String code = channel.connect(Channels.address(ip, port), error -> {
            if (error == null) {
                socket.onConnected();
            } else {
                failed(
                        ip,
                        port,
                        family,
                        attemptError(SystemErrors.codeOf(error, "ECONNREFUSED"), ip, local));
            }
        });
        if (code != null) {
            socket.destroy(immediateError(code, ip, family));
        }
    }

    private ChannelTransport open(int family) {
        ChannelTransport channel = ChannelTransport.tcp(loop, family == 6);
        socket.handle().useChannel(channel);
        return channel;
    }

    private static String anyAddress(int family) {
        return family == 6 ? "::" : "0.0.0.0";
    }

    private SystemException bind(ChannelTransport channel, String local) {
        String code = channel.bind(Channels.address(local, options.localPort));
        return code == null ? null : error(code, "bind", local, options.localPort, null);
    }

    private void failed(String ip, Integer port, Integer family, SystemException error) {
        socket.emit(Socket.CONNECTION_ATTEMPT_FAILED, ip, port, family, error);
        socket.destroy(error);
    }

    // ---- several addresses --------------------------------------------------------------------

    private void foundSeveral(String host, Throwable error, List<Lookup.Address> found) {
        if (cancelled) {
            return;
        }
        Throwable problem = problemOf(error, found, host);
        if (problem != null) {
            // Node throws a TypeError there; the event has none, as with one address.
            socket.emit(Socket.LOOKUP, found == null ? error : problem, null, null, host);
            destroyLater(problem);
            return;
        }
        Set<Lookup.Address> firstFamily = new LinkedHashSet<>();
        Set<Lookup.Address> otherFamily = new LinkedHashSet<>();
        int preferred = 0;
        for (Lookup.Address each : found) {
            socket.emit(
                    Socket.LOOKUP,
                    null,
                    each == null ? null : each.address(),
                    each == null ? null : (Integer) each.family(),
                    host);
            if (cancelled) {
                return;
            }
            if (problemOf(each, host) == null) {
                preferred = preferred == 0 ? each.family() : preferred;
                (each.family() == preferred ? firstFamily : otherFamily).add(each);
            }
        }
        if (firstFamily.isEmpty()) {
            destroyLater(problemOf(found.get(0), host));
            return;
        }
        addresses = alternating(new ArrayList<>(firstFamily), new ArrayList<>(otherFamily));
        if (addresses.size() == 1 || refused != null) {
            connectTo(addresses.get(0).address(), addresses.get(0).family());
            return;
        }
        attempted = new ArrayList<>();
        errors = new ArrayList<>();
        socket.attempted(attempted);
        tryNext();
    }

    private static List<Lookup.Address> alternating(
            List<Lookup.Address> first, List<Lookup.Address> other) {
        List<Lookup.Address> all = new ArrayList<>();
        for (int i = 0; i < Math.max(first.size(), other.size()); i++) {
            if (i < first.size()) {
                all.add(first.get(i));
            }
            if (i < other.size()) {
                all.add(other.get(i));
            }
        }
        return all;
    }

    /** Tries the next address, and the ones after it as long as they fail at once. */
    private void tryNext() {
        stopTimer();
        while (!cancelled && current < addresses.size()) {
            if (attempt(addresses.get(current++))) {
                return;
            }
        }
        if (!cancelled) {
            socket.destroy(
                    errors.isEmpty()
                            ? NetErrors.connectionTimeout()
                            : new AggregateException(errors));
        }
    }

    /** Returns whether the attempt is under way. */
    private boolean attempt(Lookup.Address address) {
        String ip = address.address();
        int family = address.family();
        ChannelTransport channel = open(family);
        if (options.localPort != 0) {
            SystemException refused = bind(channel, anyAddress(family));
            if (refused != null) {
                errors.add(refused);
                return false;
            }
        }
        if (socket.blocks(options.blockList, ip)) {
            attemptFailed(address, NetErrors.blocked(ip));
            return false;
        }
        socket.emit(Socket.CONNECTION_ATTEMPT, ip, port, family);
        if (cancelled) {
            return true;
        }
        attempted.add(ip + ":" + port);
        String code = channel.connect(Channels.address(ip, port), error -> {
            if (channel != socket.handle().channel()) {
                return;
            }
            stopTimer();
            if (error == null) {
                socket.onConnected();
            } else {
                attemptFailed(
                        address,
                        attemptError(SystemErrors.codeOf(error, "ECONNREFUSED"), ip, null));
                tryNext();
            }
        });
        if (code != null) {
            attemptFailed(address, immediateError(code, ip, family));
            return false;
        }
        if (current < addresses.size()) {
            attemptTimer = loop.setTimeout(() -> timedOut(address, channel), attemptTimeout());
        }
        return true;
    }

    private int attemptTimeout() {
        Integer given = options.autoSelectFamilyAttemptTimeout;
        return given == null
                ? Net.getDefaultAutoSelectFamilyAttemptTimeout()
                : Math.max(LEAST_ATTEMPT_TIMEOUT, given);
    }

    private void attemptFailed(Lookup.Address address, Throwable error) {
        errors.add(error);
        socket.emit(
                Socket.CONNECTION_ATTEMPT_FAILED, address.address(), port, address.family(), error);
    }

    private void timedOut(Lookup.Address address, ChannelTransport channel) {
        attemptTimer = null;
        socket.emit(Socket.CONNECTION_ATTEMPT_TIMEOUT, address.address(), port, address.family());
        errors.add(attemptError("ETIMEDOUT", address.address(), null));
        if (!cancelled) {
            tryNext();
        }
    }

    private void stopTimer() {
        if (attemptTimer != null) {
            attemptTimer.close();
            attemptTimer = null;
        }
    }

    // ---- errors -------------------------------------------------------------------------------

    /**
     * The error of an attempt that failed later; it has the local end if address and port of that
     * were given.
     */
    private SystemException attemptError(String code, String ip, String local) {
        boolean both = local != null && options.localPort != 0;
        return both
                ? new ConnectException(
                        code,
                        "connect",
                        ip,
                        port,
                        local + ":" + options.localPort,
                        local,
                        options.localPort)
                : error(code, "connect", ip, port, null);
    }

    /**
     * The error of a connect(2) that failed at once: Node adds what the socket was bound to, which
     * is any address.
     */
    private SystemException immediateError(String code, String ip, int family) {
        return error(code, "connect", ip, port, anyAddress(family) + ":" + options.localPort);
    }

    private static SystemException error(
            String code, String syscall, String address, int port, String local) {
        return new ConnectException(code, syscall, address, port, local, null, -1);
    }
}
