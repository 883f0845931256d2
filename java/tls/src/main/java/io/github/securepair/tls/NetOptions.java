package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.events.EventLoop;
import io.github.securepair.events.EventLoopGroup;
import io.github.securepair.net.AbortSignal;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.Lookup;
import io.github.securepair.net.Net;
import io.github.securepair.net.NetServerOptions;
import io.github.securepair.net.Onread;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.net.SocketOptions;
import io.github.securepair.stream.Duplex;

import java.nio.file.Path;

/**
 * The options that TLS hands on to net, out of values of any type: what Node refuses is refused
 * with its error, and nothing of a wrong type is passed over.
 */
final class NetOptions {
    private NetOptions() {}

    // ---- of sockets ---------------------------------------------------------------------------

    /** The options of the socket itself; {@code over} is the stream below it, or null. */
    static SocketOptions ofSocket(Duplex over, Options options) {
        SocketOptions out = new SocketOptions();
        EventLoop loop = (EventLoop) Options.typed(options, "loop", EventLoop.class);
        if (over != null) {
            out.loop(over.loop()).allowHalfOpen(over.allowHalfOpen());
        } else {
            if (loop != null) {
                out.loop(loop);
            }
            out.allowHalfOpen(Options.truthy(options.get("allowHalfOpen")));
        }
        Object mark = options.get("highWaterMark");
        if (mark != null) {
            if (!isMark(mark)) {
                throw ArgumentException.invalidArgValue("options.readableHighWaterMark", mark);
            }
            out.highWaterMark(((Number) mark).intValue());
        }
        Onread onread = (Onread) Options.typed(options, "onread", Onread.class);
        if (onread != null && over == null) {
            out.onread(onread);
        }
        Object signal = options.get("signal");
        if (signal instanceof AbortSignal given) {
            out.signal(given);
        } else if (Options.truthy(signal)) {
            throw ArgumentException.invalidArgType("signal", "an instance of AbortSignal", signal);
        }
        return out;
    }

    private static boolean isMark(Object value) {
        return value instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && number.doubleValue() >= 0
                && number.doubleValue() <= Integer.MAX_VALUE;
    }

    // ---- of servers ---------------------------------------------------------------------------

    static NetServerOptions ofServer(Options options) {
        NetServerOptions out = new NetServerOptions();
        if (options == null) {
            return out;
        }
        EventLoop loop = (EventLoop) Options.typed(options, "loop", EventLoop.class);
        if (loop != null) {
            out.loop(loop);
        }
        EventLoopGroup loops =
                (EventLoopGroup) Options.typed(options, "loops", EventLoopGroup.class);
        if (loops != null) {
            out.loops(loops);
        }
        out.keepAliveInitialDelay(number(options, "keepAliveInitialDelay", 0));
        Object mark = options.get("highWaterMark");
        if (mark != null) {
            double value = number(options, "highWaterMark", 0);
            if (value >= 0 && !isMark(mark) || Double.isNaN(value)) {
                // Node's server takes it, and then cannot make a socket.
                throw ArgumentException.invalidArgValue("options.highWaterMark", mark);
            }
            out.highWaterMark((int) value);
        }
        return out.blockList(blockList(options))
                .allowHalfOpen(Options.truthy(options.get("allowHalfOpen")))
                .pauseOnConnect(Options.truthy(options.get("pauseOnConnect")))
                .noDelay(Options.truthy(options.get("noDelay")))
                .keepAlive(Options.truthy(options.get("keepAlive")));
    }

    private static BlockList blockList(Options options) {
        Object given = options.get("blockList");
        if (given == null || given instanceof BlockList) {
            return (BlockList) given;
        }
        // The article is Node's.
        throw ArgumentException.invalidArgType("options.blockList", "an net.BlockList", given);
    }

    // ---- of connect ---------------------------------------------------------------------------

    /** Where to connect to, and how. */
    static SocketConnectOptions ofConnect(Options options) {
        SocketConnectOptions out = new SocketConnectOptions();
        Object port = options.get("port");
        if (port instanceof String digits) {
            out.port(digits);
        } else if (port instanceof Number number) {
            if (number.doubleValue() != number.intValue()) {
                throw new ArgumentException(
                        "RangeError",
                        "ERR_SOCKET_BAD_PORT",
                        "Port should be >= 0 and < 65536. Received type number (" + number + ").");
            }
            out.port(number.intValue());
        } else if (port != null) {
            throw ArgumentException.invalidArgType(
                    "options.port", "one of type number or string", port);
        }
        String path = path(options);
        if (path != null) {
            out.path(path);
        }
        if (port == null && path == null) {
            throw ArgumentException.missingArgs("\"options\" or \"port\" or \"path\"", false);
        }
        String host = text(options, "host");
        if (host != null) {
            out.host(host);
        }
        String localAddress = localAddress(options);
        if (localAddress != null) {
            out.localAddress(localAddress);
        }
        out.localPort((int) truthyNumber(options, "localPort"));
        Object family = options.get("family");
        if (family instanceof String name) {
            out.family(name);
        } else if (family != null) {
            boolean known =
                    family instanceof Number number && number.doubleValue() == number.intValue();
            if (!known) {
                throw ArgumentException.invalidArgValue(
                        "options.family", family, "must be one of: 0, 4, 6");
            }
            out.family(((Number) family).intValue());
        }
        // ToUint32, as in Node.
        out.hints((int) (long) truthyNumber(options, "hints"));
        Lookup lookup = (Lookup) Options.typed(options, "lookup", Lookup.class);
        if (lookup != null) {
            out.lookup(lookup);
        }
        Object choose = Options.typed(options, "autoSelectFamily", Boolean.class);
        if (choose != null) {
            out.autoSelectFamily((Boolean) choose);
        }
        Object attempt = options.get("autoSelectFamilyAttemptTimeout");
        if (attempt != null) {
            String name = "options.autoSelectFamilyAttemptTimeout";
            out.autoSelectFamilyAttemptTimeout(
                    (int) Options.integer(name, attempt, 1, Integer.MAX_VALUE));
        }
        return out.blockList(blockList(options));
    }

    /** The text, or null for none; what is false to JavaScript is none. */
    static String text(Options options, String name) {
        Object value = options.get(name);
        if (value instanceof String text) {
            return withoutNul("options." + name, text);
        }
        if (!Options.truthy(value)) {
            return null;
        }
        String called = name.equals("host")
                ? "hostname"
                : name.equals("servername") ? "name" : "options." + name;
        throw ArgumentException.invalidArgType(called, "of type string", value);
    }

    /**
     * A name that C reads ends at its NUL, and one that Java reads goes on: such a host would be
     * asked for under one name and checked under another. (Node takes such a servername.)
     */
    static String withoutNul(String property, String text) {
        if (text.indexOf('\0') >= 0) {
            throw ArgumentException.invalidArgValue(
                    property, text, "must be a string without null bytes");
        }
        return text;
    }

    static String localAddress(Options options) {
        Object value = options.get("localAddress");
        if (!Options.truthy(value)) {
            return null;
        }
        if (value instanceof String text && Net.isIP(text) != 0) {
            return text;
        }
        throw new ArgumentException(
                "TypeError", "ERR_INVALID_IP_ADDRESS", "Invalid IP address: " + value);
    }

    static String path(Options options) {
        Object value = options.get("path");
        if (value instanceof String || value instanceof Path) {
            return value.toString();
        }
        if (!Options.truthy(value)) {
            return null;
        }
        throw ArgumentException.invalidArgType("options.path", "of type string", value);
    }

    /** The idle time to wait for, or 0. */
    static double timeout(Options options) {
        Object value = options.get("timeout");
        if (!Options.truthy(value)) {
            return 0;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw ArgumentException.invalidArgType("msecs", "of type number", value);
    }

    private static double truthyNumber(Options options, String name) {
        return Options.truthy(options.get(name)) ? number(options, name, 0) : 0;
    }

    static double number(Options options, String name, double otherwise) {
        Object value = options.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw ArgumentException.invalidArgType("options." + name, "of type number", value);
    }
}
