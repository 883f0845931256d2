package io.github.securepair.tls;

import io.github.securepair.events.Warnings;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** What the environment adds to options, and the key log that it asks for. */
final class EnvironmentOptions {
    private static final AtomicBoolean WARNED = new AtomicBoolean();
    private static KeyLogFile keyLog;

    private EnvironmentOptions() {}

    /** What the environment adds to the options of a client; the options win. */
    static ConnectOptions client(ConnectOptions options) {
        ConnectOptions out = options;
        if (!options.has("rejectUnauthorized")
                && "0".equals(Environment.variable("NODE_TLS_REJECT_UNAUTHORIZED"))) {
            if (WARNED.compareAndSet(false, true)) {
                Warnings.emit(
                        "Warning",
                        null,
                        "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0'"
                                + " makes TLS connections and HTTPS requests insecure by disabling"
                                + " certificate verification.");
            }
            out = out.copy().rejectUnauthorized(false);
        }
        return Environment.flag("trace") && !options.has("enableTrace")
                ? out.copy().enableTrace(true)
                : out;
    }

    /** What the environment adds to the options of a server; the options win. */
    static ServerOptions server(ServerOptions options) {
        if (!Environment.flag("trace") || options != null && options.has("enableTrace")) {
            return options;
        }
        return (options == null ? new ServerOptions() : options.copy()).enableTrace(true);
    }

    /**
     * Writes the keys of a client to the file of {@code securepair.tls.keylog}, if there is one.
     */
    static TLSSocket log(TLSSocket client) {
        KeyLogFile file = keyLog();
        if (file != null) {
            client.on(TLSSocket.KEYLOG, file::append);
        }
        return client;
    }

    /** The same for all connections of a server. */
    static TLSServer log(TLSServer server) {
        KeyLogFile file = keyLog();
        if (file != null) {
            server.on(TLSServer.KEYLOG, (line, socket) -> file.append(line));
        }
        return server;
    }

    private static synchronized KeyLogFile keyLog() {
        String file = Environment.property("keylog", null);
        if (file == null) {
            return null;
        }
        if (keyLog == null || !keyLog.name.equals(file)) {
            keyLog = new KeyLogFile(file);
            Warnings.emit(
                    "Warning",
                    null,
                    "Using -Dsecurepair.tls.keylog makes TLS connections insecure by writing"
                            + " secret key material to file "
                            + file);
        }
        return keyLog;
    }

    /** Appends lines to a file that only its owner may read. */
    private static final class KeyLogFile {
        final String name;
        private final FileChannel channel;

        KeyLogFile(String name) {
            this.name = name;
            boolean posix =
                    FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
            FileAttribute<?>[] owner = posix
                    ? new FileAttribute<?>[] {
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------"))
                    }
                    : new FileAttribute<?>[0];
            try {
                channel = FileChannel.open(
                        Path.of(name),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                        owner);
            } catch (IOException e) {
                throw FileException.of(Path.of(name), e);
            }
        }

        synchronized void append(byte[] line) throws IOException {
            for (ByteBuffer rest = ByteBuffer.wrap(line); rest.hasRemaining(); ) {
                channel.write(rest);
            }
        }
    }
}
