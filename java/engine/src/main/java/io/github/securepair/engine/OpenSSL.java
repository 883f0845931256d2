package io.github.securepair.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Tells about the OpenSSL in use. All methods may be called by any thread. */
public final class OpenSSL {
    /** What an OpenSSL may have been built without. */
    public enum Feature {
        // In the order of SP_FEATURE_*.
        SSL3,
        TLS1,
        TLS1_1,
        TLS1_2,
        TLS1_3,
        NPN,
        TRACE,
        PSK,
        /** RC4, RC2, DES and the like can be had with {@link #loadLegacy()}. */
        LEGACY_PROVIDER,
        RC4,
        SRTP,
        KTLS
    }

    /**
     * Native objects that are alive in this process, for leak checks: zero of each once everything
     * is closed.
     *
     * @param buffered connections that hold record buffers, see {@link TLSConnection#idle()}
     * @param anchors certificates that contexts trust, beside the default roots; each is held once
     *     however many contexts trust it
     * @param contextBytes native memory that contexts take, an estimate
     */
    public record LiveObjects(
            long contexts,
            long connections,
            long chunks,
            long events,
            long ssl,
            long sessionOffers,
            long buffered,
            long anchors,
            long contextBytes) {
        /** Whether nothing is alive. */
        public boolean none() {
            return contexts == 0
                    && connections == 0
                    && chunks == 0
                    && events == 0
                    && ssl == 0
                    && sessionOffers == 0
                    && buffered == 0;
        }
    }

    private static final int TEXT_VERSION = 0;
    private static final int TEXT_CFLAGS = 1;
    private static final int TEXT_BUILT_ON = 2;
    private static final int TEXT_PLATFORM = 3;
    private static final int TEXT_DIRECTORY = 4;

    private OpenSSL() {}

    /** The version in use: "3.5.7" ({@code OpenSSL_version_num}). */
    public static String version() {
        return Library.versionOf(versionNumber());
    }

    /** The version in use as OpenSSL packs it: 0x30500070. */
    public static long versionNumber() {
        Library.require();
        return Native.libraryVersion();
    }

    /** The version whose headers this was compiled against. */
    public static String headerVersion() {
        Library.require();
        return Library.versionOf(Native.libraryHeaderVersion());
    }

    /** "OpenSSL 3.5.7 9 Jun 2026" ({@code OpenSSL_version}). */
    public static String versionText() {
        return text(TEXT_VERSION);
    }

    /** How the library was compiled. */
    public static String compilerFlags() {
        return text(TEXT_CFLAGS);
    }

    /** When the library was compiled. */
    public static String builtOn() {
        return text(TEXT_BUILT_ON);
    }

    /** What the library was compiled for. */
    public static String platform() {
        return text(TEXT_PLATFORM);
    }

    /** The directory the library looks into for its configuration and modules. */
    public static String directory() {
        return text(TEXT_DIRECTORY);
    }

    /** The file that libssl was loaded from, or null where the system does not tell. */
    public static String libraryPath() {
        Library.require();
        Path maps = Path.of("/proc/self/maps");
        if (!Files.isReadable(maps)) {
            return null;
        }
        try (Stream<String> lines = Files.lines(maps, StandardCharsets.ISO_8859_1)) {
            return lines.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .filter(path -> path.substring(path.lastIndexOf('/') + 1).startsWith("libssl."))
                    .findFirst()
                    .orElse(null);
        } catch (IOException e) {
            return null;
        }
    }

    /** OpenSSL's names of all cipher suites that the library supports, in its order. */
    public static List<String> ciphers() {
        Library.require();
        Memory memory = Memory.current();
        byte[] names = Outputs.copy(memory, Native::libraryCiphers);
        return names == null ? List.of() : Outputs.split(names);
    }

    /** Whether the library in use can do it. Asks the library each time: not for hot paths. */
    public static boolean feature(Feature feature) {
        Library.require();
        return Native.libraryFeature(feature.ordinal()) == 1;
    }

    /**
     * Loads the legacy provider (RC4, RC2, DES) for the whole process; again is fine. Old PKCS#12
     * files need it.
     *
     * @return false when the library has none
     */
    public static boolean loadLegacy() {
        Library.require();
        return Native.libraryLoadLegacy(Memory.current().reportAddress) == Native.OK;
    }

    /**
     * Loads a provider for the whole process, beside those that are there; again is fine. What it
     * needs to know, such as the module behind a PKCS#11 provider, it takes from the file that
     * {@code OPENSSL_CONF} names or from its own environment variables.
     *
     * @param name as configured or built in ({@code legacy}), the file name without its ending of a
     *     module in OpenSSL's directory of modules, or the absolute path of a module
     * @throws SecureContextException when there is none, or when it refuses to start
     */
    public static void loadProvider(String name) {
        Library.require();
        Memory memory = Memory.current();
        memory.clearReport();
        long address = memory.stageText(name);
        try {
            if (Native.libraryLoadProvider(address, memory.reportAddress) != Native.OK) {
                throw SecureContextException.of(memory.report(), "The provider was not loaded");
            }
        } finally {
            memory.unstage();
        }
    }

    /** Whether a provider of this name is loaded and active ({@code OSSL_PROVIDER_available}). */
    public static boolean hasProvider(String name) {
        Library.require();
        Memory memory = Memory.current();
        long address = memory.stageText(name);
        try {
            return Native.libraryHasProvider(address) == 1;
        } finally {
            memory.unstage();
        }
    }

    /** Counts what is alive now. */
    public static LiveObjects live() {
        Library.require();
        return new LiveObjects(
                Native.libraryLive(0),
                Native.libraryLive(1),
                Native.libraryLive(2),
                Native.libraryLive(3),
                Native.libraryLive(4),
                Native.libraryLive(5),
                Native.libraryLive(6),
                Native.libraryLive(7),
                Native.libraryLive(Native.LIVE_BYTES));
    }

    private static String text(int what) {
        Library.require();
        byte[] text =
                Outputs.copy(Memory.current(), (out, cap) -> Native.libraryText(what, out, cap));
        return text == null ? "" : new String(text, StandardCharsets.UTF_8);
    }
}
