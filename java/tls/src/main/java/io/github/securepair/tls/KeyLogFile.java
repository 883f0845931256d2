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

/**
 * The key log that {@code securepair.tls.keylog} asks for: lines appended to a file that only its
 * owner may read.
 */
final class KeyLogFile {
    private static KeyLogFile open;

    private final String name;
    private final FileChannel channel;

    private KeyLogFile(String name) {
        this.name = name;
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
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

    private synchronized void append(byte[] line) throws IOException {
        for (ByteBuffer rest = ByteBuffer.wrap(line); rest.hasRemaining(); ) {
            channel.write(rest);
        }
    }

    /**
     * Writes the keys of a client to the file of {@code securepair.tls.keylog}, if there is one.
     */
    static TLSSocket log(TLSSocket client) {
        KeyLogFile file = wanted();
        if (file != null) {
            client.on(TLSSocket.KEYLOG, file::append);
        }
        return client;
    }

    /** The same for all connections of a server. */
    static TLSServer log(TLSServer server) {
        KeyLogFile file = wanted();
        if (file != null) {
            server.on(TLSServer.KEYLOG, (line, socket) -> file.append(line));
        }
        return server;
    }

    private static synchronized KeyLogFile wanted() {
        String file = Environment.property("keylog", null);
        if (file == null) {
            return null;
        }
        if (open == null || !open.name.equals(file)) {
            open = new KeyLogFile(file);
            Warnings.emit(
                    "Warning",
                    null,
                    "Using -Dsecurepair.tls.keylog makes TLS connections insecure by writing"
                            + " secret key material to file "
                            + file);
        }
        return open;
    }
}
