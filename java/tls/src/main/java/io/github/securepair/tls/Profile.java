package io.github.securepair.tls;

import io.github.securepair.errors.ArgumentException;

/**
 * A named set of defaults. An option that was given always wins over its profile.
 *
 * <p>The table in {@code docs/profiles.md} lists each default that differs, and why.
 */
public enum Profile {
    /**
     * The defaults of Node 20 and 22: TLS 1.2 and 1.3, forward-secret suites first, servers reject
     * what they asked to verify.
     */
    MODERN(null, null, null, null, true, true, false),

    /**
     * The defaults of the Node 0.12 line: its cipher string and curve, TLS 1.0 to 1.2 at security
     * level 0, the client's cipher order, servers that do not reject by themselves, NPN answered by
     * every client.
     */
    NODE_0_12(
            "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:RC4:HIGH:!MD5:!aNULL:!EDH:@SECLEVEL=0",
            "prime256v1",
            "TLSv1",
            "TLSv1.2",
            false,
            false,
            true);

    private final String ciphers;
    private final String ecdhCurve;
    private final String minVersion;
    private final String maxVersion;
    private final boolean serverOrder;
    private final boolean serverRejects;
    private final boolean legacy;

    Profile(
            String ciphers,
            String ecdhCurve,
            String minVersion,
            String maxVersion,
            boolean serverOrder,
            boolean serverRejects,
            boolean legacy) {
        this.ciphers = ciphers;
        this.ecdhCurve = ecdhCurve;
        this.minVersion = minVersion;
        this.maxVersion = maxVersion;
        this.serverOrder = serverOrder;
        this.serverRejects = serverRejects;
        this.legacy = legacy;
    }

    /** Default of {@code ciphers}. */
    public String ciphers() {
        return ciphers != null ? ciphers : TLSDefaults.DEFAULT_CIPHERS;
    }

    /** Default of {@code ecdhCurve}. */
    public String ecdhCurve() {
        return ecdhCurve != null ? ecdhCurve : TLSDefaults.DEFAULT_ECDH_CURVE;
    }

    /** Default of {@code minVersion}. */
    public String minVersion() {
        return minVersion != null ? minVersion : TLSDefaults.DEFAULT_MIN_VERSION;
    }

    /** Default of {@code maxVersion}. */
    public String maxVersion() {
        return maxVersion != null ? maxVersion : TLSDefaults.DEFAULT_MAX_VERSION;
    }

    /** Default of {@code honorCipherOrder} on servers. */
    public boolean honorCipherOrder() {
        return serverOrder;
    }

    /** Default of {@code rejectUnauthorized} on servers. */
    public boolean serverRejectsUnauthorized() {
        return serverRejects;
    }

    /**
     * Whether a handshake that takes longer than {@code handshakeTimeout} is only an event: the
     * connection stays, and may still become secure.
     */
    public boolean handshakeTimeoutOnlyTells() {
        return legacy;
    }

    /**
     * Whether every connection takes part in NPN, and the session id context is MD5, as in Node
     * 0.12.
     */
    public boolean isLegacy() {
        return legacy;
    }

    /** The profile that was given, or named. */
    static Profile read(String called, Object given) {
        if (given == null || given instanceof Profile) {
            return given == null ? Profile.MODERN : (Profile) given;
        }
        for (Profile each : Profile.values()) {
            if (each.name().equals(given)) {
                return each;
            }
        }
        throw ArgumentException.invalidArgValue(called, given);
    }
}
