package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import io.github.securepair.net.Net;
import io.github.securepair.net.SocketAddress;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Node's rules for matching a host against a certificate (RFC 6125 with Node's choices). Pure
 * string work.
 */
final class ServerIdentity {
    private ServerIdentity() {}

    static ServerIdentityException check(String hostname, PeerCertificate cert) {
        return check(hostname, cert, false);
    }

    /**
     * Returns null when {@code cert} is the one of {@code hostname}, else the error that Node's
     * checkServerIdentity returns.
     *
     * @param withURIs whether the host of a URI counts as a DNS name without wildcards, as in Node
     *     0.12
     */
    static ServerIdentityException check(String hostname, PeerCertificate cert, boolean withURIs) {
        return check(hostname, cert.subject(), cert.subjectaltname(), cert, withURIs);
    }

    /**
     * The same with the two fields of the certificate that matter.
     *
     * @param subject may be null
     * @param altNames may be null
     * @param cert what the error shows
     */
    static ServerIdentityException check(
            String hostname,
            Map<String, Object> subject,
            String altNames,
            PeerCertificate cert,
            boolean withURIs) {
        // Node turns whatever it is given into a string: undefined and null become their names.
        String host = unfqdn(String.valueOf(hostname));
        Names names = new Names();
        if (altNames != null) {
            boolean quoted = altNames.indexOf('"') >= 0;
            (quoted ? splitEscaped(altNames) : split(altNames)).forEach(names::add);
        }
        if (withURIs && names.uriHosts.stream().anyMatch(lower(host)::equals)) {
            return null;
        }
        String ascii = HostNames.toASCII(String.valueOf(hostname));
        String reason = reasonOf(host, ascii, subject, altNames, names);
        return reason == null ? null : new ServerIdentityException(reason, host, cert);
    }

    /** The alternative names of a certificate by kind. */
    private static final class Names {
        final List<String> dns = new ArrayList<>();
        final List<String> ips = new ArrayList<>();
        final List<String> uriHosts = new ArrayList<>();

        void add(String name) {
            if (name.startsWith("DNS:")) {
                dns.add(name.substring(4));
            } else if (name.startsWith("IP Address:")) {
                // As in Node, what is no address is compared, and shown, as nothing.
                String ip = canonicalIP(name.substring(11));
                ips.add(ip == null ? "" : ip);
            } else if (name.startsWith("URI:")) {
                String host = hostOf(name.substring(4));
                if (host != null) {
                    uriHosts.add(lower(host));
                }
            }
        }

        private static String hostOf(String uri) {
            try {
                return new URI(uri).getHost();
            } catch (URISyntaxException e) {
                return null;
            }
        }
    }

    private static String reasonOf(
            String host, String ascii, Map<String, Object> subject, String altNames, Names names) {
        String ip = canonicalIP(host);
        if (ip != null) {
            return names.ips.contains(ip)
                    ? null
                    : "IP: " + host + " is not in the cert's list: " + String.join(", ", names.ips);
        }
        if (HostNames.isLooseIPv4(ascii)) {
            return "Host is a non-canonical IP address";
        }
        Object commonName = subject == null ? null : subject.get("CN");
        List<String> hostParts = splitHost(ascii);
        if (!names.dns.isEmpty()) {
            return names.dns.stream().anyMatch(pattern -> matches(hostParts, pattern))
                    ? null
                    : "Host: " + host + ". is not in the cert's altnames: " + altNames;
        }
        if (Option.isFalsy(commonName)) {
            return "Cert does not contain a DNS name";
        }
        List<String> shown =
                Materials.entries(commonName).stream().map(Object::toString).toList();
        return shown.stream().anyMatch(pattern -> matches(hostParts, pattern))
                ? null
                : "Host: " + host + ". is not cert's CN: " + String.join(",", shown);
    }

    private static List<String> splitHost(String host) {
        return Arrays.asList(lower(unfqdn(host)).split("\\.", -1));
    }

    private static String unfqdn(String host) {
        return host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    }

    /** Lower case for ASCII letters only: the Kelvin sign must not become a k. */
    private static String lower(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.append(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
        }
        return out.toString();
    }

    private static boolean matches(List<String> hostParts, String pattern) {
        if (pattern.isEmpty()) {
            return false;
        }
        List<String> patternParts = splitHost(pattern);
        if (hostParts.size() != patternParts.size() || patternParts.contains("")) {
            return false;
        }
        for (String part : patternParts) {
            if (!part.chars().allMatch(c -> c > 0x20 && c < 0x80)) {
                return false;
            }
        }
        for (int i = hostParts.size() - 1; i > 0; i--) {
            if (!hostParts.get(i).equals(patternParts.get(i))) {
                return false;
            }
        }
        String host = hostParts.get(0);
        String label = patternParts.get(0);
        String[] around = label.split("\\*", -1);
        // The label must be literal, or an internationalised one, in which a star means nothing.
        if (around.length == 1 || label.contains("xn--")) {
            return host.equals(label);
        }
        if (around.length > 2 || patternParts.size() <= 2) {
            return false;
        }
        return around[0].length() + around[1].length() <= host.length()
                && host.startsWith(around[0])
                && host.endsWith(around[1])
                && HostNames.isLabel(host);
    }

    private static List<String> split(String altNames) {
        return Arrays.asList(altNames.split(", ", -1));
    }

    /**
     * Splits where a comma stands outside of JSON quotes; a quoted part is one name and never two.
     */
    private static List<String> splitEscaped(String altNames) {
        List<String> result = new ArrayList<>();
        StringBuilder current = new StringBuilder();
        int offset = 0;
        while (offset != altNames.length()) {
            int separator = altNames.indexOf(", ", offset);
            int quote = altNames.indexOf('"', offset);
            if (quote >= 0 && (separator < 0 || quote < separator)) {
                current.append(altNames, offset, quote);
                int end = JsonStrings.end(altNames, quote);
                if (end < 0) {
                    throw new AltNameFormatException();
                }
                current.append(JsonStrings.decode(altNames.substring(quote + 1, end)));
                offset = end + 1;
            } else if (separator >= 0) {
                current.append(altNames, offset, separator);
                result.add(current.toString());
                current.setLength(0);
                offset = separator + 2;
            } else {
                current.append(altNames, offset, altNames.length());
                offset = altNames.length();
            }
        }
        result.add(current.toString());
        return result;
    }

    /**
     * The address in one spelling, without zone, as {@code inet_ntop} writes it; null if the text
     * is no IP literal. Never asks a resolver.
     */
    static String canonicalIP(String text) {
        int version = Net.isIP(text);
        return version == 0 ? null : new SocketAddress(text, "ipv" + version).address();
    }
}
