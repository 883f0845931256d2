package io.github.securepair.tls;

import io.github.securepair.engine.OpenSSL;
import io.github.securepair.engine.Protocol;
import io.github.securepair.engine.SecureContext.Role;
import io.github.securepair.errors.ArgumentException;

import java.util.Collection;
import java.util.stream.Collectors;

/**
 * The protocol versions that options ask for.
 *
 * @param min lowest version on the wire (0x0303 is TLS 1.2); 0 is the library's lowest
 * @param max highest version; 0 is the library's highest
 * @param role which side a one-sided method name allows
 */
record ProtocolRange(int min, int max, Role role) {
    static ProtocolRange of(Options options, Profile profile) {
        Object min = options.read(ContextOptions.MIN_VERSION);
        Object max = options.read(ContextOptions.MAX_VERSION);
        String method = options.read(ContextOptions.SECURE_PROTOCOL);
        if (method != null) {
            for (Object version : new Object[] {min, max}) {
                if (version != null) {
                    throw new ArgumentException(
                            "TypeError",
                            "ERR_TLS_PROTOCOL_VERSION_CONFLICT",
                            "TLS protocol version " + shown(version)
                                    + " conflicts with secureProtocol \"" + method + "\"");
                }
            }
            return ofMethod(method, version("minimum", null, profile.minVersion()));
        }
        int low = version("minimum", min, profile.minVersion());
        int high = version("maximum", max, profile.maxVersion());
        if (max == null
                && options.has(ContextOptions.NPN_PROTOCOLS)
                && !options.has(ContextOptions.ALPN_PROTOCOLS)
                && high > Protocol.TLS1_2) {
            // NPN does not exist in TLS 1.3: asked for without anything newer, it means TLS 1.2.
            high = Protocol.TLS1_2;
        }
        return new ProtocolRange(low, high, Role.ANY);
    }

    private static ProtocolRange ofMethod(String method, int defaultMin) {
        String name = method.replaceFirst("(_server|_client)?_method$", "");
        if (name.equals(method)) {
            throw unknown(method);
        }
        Role role = role(method);
        return switch (name) {
            case "SSLv2" -> throw invalidMethod("SSLv2 methods disabled");
            case "SSLv3" -> {
                if (!OpenSSL.supports(OpenSSL.Feature.SSL3)) {
                    throw invalidMethod("SSLv3 methods disabled");
                }
                yield new ProtocolRange(Protocol.SSL3, Protocol.SSL3, role);
            }
            case "SSLv23" -> new ProtocolRange(defaultMin, Protocol.TLS1_2, role);
            case "TLS" -> new ProtocolRange(0, Protocol.TLS1_3, role);
            case "TLSv1" -> new ProtocolRange(Protocol.TLS1, Protocol.TLS1, role);
            case "TLSv1_1" -> new ProtocolRange(Protocol.TLS1_1, Protocol.TLS1_1, role);
            case "TLSv1_2" -> new ProtocolRange(Protocol.TLS1_2, Protocol.TLS1_2, role);
            default -> throw unknown(method);
        };
    }

    private static ArgumentException unknown(String method) {
        return invalidMethod("Unknown method: " + method);
    }

    private static ArgumentException invalidMethod(String message) {
        return new ArgumentException("TypeError", "ERR_TLS_INVALID_PROTOCOL_METHOD", message);
    }

    private static int version(String which, Object given, String byDefault) {
        Object version = given != null ? given : byDefault;
        if (version instanceof String name) {
            switch (name) {
                case "TLSv1":
                    return Protocol.TLS1;
                case "TLSv1.1":
                    return Protocol.TLS1_1;
                case "TLSv1.2":
                    return Protocol.TLS1_2;
                case "TLSv1.3":
                    return Protocol.TLS1_3;
                default:
            }
        }
        throw new ArgumentException(
                "TypeError",
                "ERR_TLS_INVALID_PROTOCOL_VERSION",
                shown(version) + " is not a valid " + which + " TLS protocol version");
    }

    /** As JSON, as Node shows it. */
    private static String shown(Object version) {
        if (version instanceof Collection<?> list) {
            return list.stream()
                    .map(ProtocolRange::shown)
                    .collect(Collectors.joining(",", "[", "]"));
        }
        return version instanceof String ? "\"" + version + "\"" : String.valueOf(version);
    }

    private static Role role(String secureProtocol) {
        if (secureProtocol != null && secureProtocol.endsWith("_server_method")) {
            return Role.SERVER;
        }
        return secureProtocol != null && secureProtocol.endsWith("_client_method")
                ? Role.CLIENT
                : Role.ANY;
    }
}
