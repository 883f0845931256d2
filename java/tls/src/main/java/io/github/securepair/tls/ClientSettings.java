package io.github.securepair.tls;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.errors.ArgumentException;
import io.github.securepair.net.SocketConnectOptions;
import io.github.securepair.stream.Duplex;

/**
 * What the options of {@code connect} say beside {@link SocketSettings}, read once.
 *
 * @param over the stream to use; null to open a connection
 * @param where where to connect to, and how; null over a stream
 * @param context given by the program, which keeps it; null to make one of the options
 * @param port as it was given, for errors
 * @param timeout idle milliseconds; 0 for none
 */
record ClientSettings(
        Duplex over,
        SocketConnectOptions where,
        SecureContext context,
        String host,
        Object port,
        String path,
        String localAddress,
        String servername,
        boolean rejectUnauthorized,
        int minDHSize,
        double timeout,
        boolean noDelay,
        boolean keepAlive,
        double keepAliveInitialDelay) {
    private static final int MIN_DH_SIZE = 1024;

    static ClientSettings of(ConnectOptions options) {
        Object reject = options.read(EndpointOptions.REJECT_UNAUTHORIZED);
        boolean rejects =
                reject == null ? !Environment.allowsUnauthorized() : !Boolean.FALSE.equals(reject);
        Duplex over = options.read(ConnectOptions.SOCKET);
        SocketConnectOptions where = over == null ? where(options) : null;
        String host = options.read(ConnectOptions.HOST);
        String path = options.read(ConnectOptions.PATH);
        String localAddress = options.read(ConnectOptions.LOCAL_ADDRESS);
        double delay = options.read(EndpointOptions.KEEP_ALIVE_INITIAL_DELAY);
        Long minDHSize = options.read(ConnectOptions.MIN_DH_SIZE);
        // Refused here, before there is a context; SocketSettings has it.
        options.read(EndpointOptions.CHECK_SERVER_IDENTITY);
        return new ClientSettings(
                over,
                where,
                options.read(EndpointOptions.SECURE_CONTEXT),
                host,
                options.given(ConnectOptions.PORT),
                path,
                localAddress,
                options.read(EndpointOptions.SERVERNAME),
                rejects,
                minDHSize == null ? MIN_DH_SIZE : minDHSize.intValue(),
                over == null ? options.read(ConnectOptions.TIMEOUT) : 0,
                options.read(EndpointOptions.NO_DELAY),
                options.read(EndpointOptions.KEEP_ALIVE),
                Math.max(0, delay));
    }

    /** Those of the socket, which Node reads once there is a context. */
    SocketSettings socket(ConnectOptions options) {
        SocketSettings.Connection connection = SocketSettings.Connection.of(
                options, rejectUnauthorized, Environment.traces(), "pskCallback");
        return new SocketSettings(
                false,
                null,
                null,
                SocketSettings.Stream.of(options),
                connection,
                SocketSettings.ServerSide.NONE,
                SocketSettings.ClientSide.of(options));
    }

    private static SocketConnectOptions where(ConnectOptions options) {
        SocketConnectOptions out = new SocketConnectOptions();
        Object port = options.read(ConnectOptions.PORT);
        if (port instanceof String digits) {
            out.port(digits);
        } else if (port != null) {
            out.port((Integer) port);
        }
        String path = options.read(ConnectOptions.PATH);
        if (path != null) {
            out.path(path);
        }
        if (port == null && path == null) {
            throw ArgumentException.missingArgs("\"options\" or \"port\" or \"path\"", false);
        }
        String host = options.read(ConnectOptions.HOST);
        if (host != null) {
            out.host(host);
        }
        out.localAddress(options.read(ConnectOptions.LOCAL_ADDRESS));
        out.localPort(options.read(ConnectOptions.LOCAL_PORT).intValue());
        Object family = options.read(ConnectOptions.FAMILY);
        if (family instanceof String name) {
            out.family(name);
        } else if (family != null) {
            out.family((Integer) family);
        }
        // ToUint32, as in Node.
        out.hints((int) options.read(ConnectOptions.HINTS).longValue());
        out.lookup(options.read(ConnectOptions.LOOKUP));
        Boolean choose = options.read(ConnectOptions.AUTO_SELECT_FAMILY);
        if (choose != null) {
            out.autoSelectFamily(choose);
        }
        Long attempt = options.read(ConnectOptions.AUTO_SELECT_FAMILY_ATTEMPT_TIMEOUT);
        if (attempt != null) {
            out.autoSelectFamilyAttemptTimeout(attempt.intValue());
        }
        return out.blockList(options.read(EndpointOptions.BLOCK_LIST));
    }
}
