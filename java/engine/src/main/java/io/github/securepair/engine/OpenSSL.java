package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.openssl.Flavour;
import io.github.securepair.openssl.Glue;
import io.github.securepair.openssl.Natives;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Describes the OpenSSL in use. All methods may be called by any thread. */
public final class OpenSSL {
    /** What an OpenSSL may have been built without. */
    public enum Feature {
        SSL3(Glue.SP_FEATURE_SSL3),
        TLS1(Glue.SP_FEATURE_TLS1),
        TLS1_1(Glue.SP_FEATURE_TLS1_1),
        TLS1_2(Glue.SP_FEATURE_TLS1_2),
        TLS1_3(Glue.SP_FEATURE_TLS1_3),
        NPN(Glue.SP_FEATURE_NPN),
        TRACE(Glue.SP_FEATURE_TRACE),
        PSK(Glue.SP_FEATURE_PSK),
        /** RC4, RC2, DES and the like can be had with {@link #loadLegacy()}. */
        LEGACY_PROVIDER(Glue.SP_FEATURE_LEGACY_PROVIDER),
        RC4(Glue.SP_FEATURE_RC4),
        SRTP(Glue.SP_FEATURE_SRTP),
        KTLS(Glue.SP_FEATURE_KTLS);

        private final int code;

        Feature(int code) {
            this.code = code;
        }
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

    /**
     * Where the OpenSSL in use comes from.
     *
     * @param version of upstream: "3.5.7"
     * @param bundled whether it is the one that was shipped with Securepair, and not the machine's
     * @param source what the bundled one was built from; empty for the machine's
     * @param patches the names of the patches that the bundled one has; none are known of the
     *     machine's
     * @param options how the bundled one was configured; empty for the machine's
     * @param libcrypto the file that is mapped
     * @param libssl the file that is mapped
     */
    public record Origin(
            String version,
            boolean bundled,
            String source,
            List<String> patches,
            String options,
            Path libcrypto,
            Path libssl) {}

    private OpenSSL() {}

    /** The version in use: "3.5.7" ({@code OpenSSL_version_num}). */
    public static String version() {
        return Library.versionOf(versionNumber());
    }

    /** The version in use as OpenSSL packs it: 0x30500070. */
    public static long versionNumber() {
        Library.require();
        return Glue.sp_library_version();
    }

    /** The version whose headers this was compiled against. */
    public static String headerVersion() {
        Library.require();
        return Library.versionOf(Glue.sp_library_header_version());
    }

    /** "OpenSSL 3.5.7 9 Jun 2026" ({@code OpenSSL_version}). */
    public static String versionText() {
        return text(Glue.SP_TEXT_VERSION);
    }

    /** How the library was compiled. */
    public static String compilerFlags() {
        return text(Glue.SP_TEXT_CFLAGS);
    }

    /** When the library was compiled. */
    public static String builtOn() {
        return text(Glue.SP_TEXT_BUILT_ON);
    }

    /** What the library was compiled for. */
    public static String platform() {
        return text(Glue.SP_TEXT_PLATFORM);
    }

    /** The directory the library looks into for its configuration and modules. */
    public static String directory() {
        return text(Glue.SP_TEXT_DIR);
    }

    /** The file that libssl was loaded from. */
    public static String libraryPath() {
        return origin().libssl().toString();
    }

    /** Which OpenSSL is in use, whose it is, and what it was built from. */
    public static Origin origin() {
        Library.require();
        return new Origin(
                version(),
                Natives.flavour() == Flavour.BUNDLED,
                Natives.source(),
                Natives.patches(),
                Natives.options(),
                Natives.libcrypto(),
                Natives.libssl());
    }

    /** OpenSSL's names of all cipher suites that the library supports, in its order. */
    public static List<String> ciphers() {
        Library.require();
        Memory memory = Memory.current();
        byte[] names = Outputs.copy(memory, Glue::sp_library_ciphers);
        return names == null ? List.of() : Outputs.split(names);
    }

    /** Whether the library in use can do it. Asks the library each time: not for hot paths. */
    public static boolean supports(Feature feature) {
        Library.require();
        return Glue.sp_library_feature(feature.code) == 1;
    }

    /**
     * Loads the legacy provider (RC4, RC2, DES) for the whole process; again is fine. Old PKCS#12
     * files need it.
     *
     * @return false when the library has none
     */
    public static boolean loadLegacy() {
        Library.require();
        return Glue.sp_library_load_legacy(Memory.current().reportAddress) == Glue.SP_OK;
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
            if (Glue.sp_library_load_provider(address, memory.reportAddress) != Glue.SP_OK) {
                throw SecureContextException.of(
                        ErrorReport.of(memory), "The provider was not loaded");
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
            return Glue.sp_library_has_provider(address) == 1;
        } finally {
            memory.unstage();
        }
    }

    /** Counts what is alive now. */
    public static LiveObjects live() {
        Library.require();
        return new LiveObjects(
                Glue.sp_library_live(Glue.SP_LIVE_CTX),
                Glue.sp_library_live(Glue.SP_LIVE_CONN),
                Glue.sp_library_live(Glue.SP_LIVE_CHUNK),
                Glue.sp_library_live(Glue.SP_LIVE_EVENT),
                Glue.sp_library_live(Glue.SP_LIVE_SSL),
                Glue.sp_library_live(Glue.SP_LIVE_SESSION_OFFER),
                Glue.sp_library_live(Glue.SP_LIVE_BUFFERED),
                Glue.sp_library_live(Glue.SP_LIVE_ANCHOR),
                Glue.sp_library_live(Glue.SP_LIVE_BYTES));
    }

    private static String text(int what) {
        Library.require();
        byte[] text =
                Outputs.copy(Memory.current(), (out, cap) -> Glue.sp_library_text(what, out, cap));
        return text == null ? "" : new String(text, StandardCharsets.UTF_8);
    }
}
