package io.github.securepair.tls;

import io.github.securepair.engine.PeerCertificate;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Node's rules for matching a host against a certificate (RFC 6125 with Node's choices). Pure string work. */
final class ServerIdentity {
    private ServerIdentity() {}

    /** Returns null when {@code cert} is the one of {@code hostname}, else the error that Node's checkServerIdentity returns. */
    static ServerIdentityException check(String hostname, PeerCertificate cert) {
        // Node turns whatever it is given into a string: undefined and null become their names.
        String host = unfqdn(String.valueOf(hostname));
        List<String> dnsNames = new ArrayList<>();
        List<String> ips = new ArrayList<>();
        String altNames = cert.subjectaltname();
        if (altNames != null) {
            for (String name : altNames.indexOf('"') >= 0 ? splitEscaped(altNames) : split(altNames)) {
                if (name.startsWith("DNS:")) {
                    dnsNames.add(name.substring(4));
                } else if (name.startsWith("IP Address:")) {
                    ips.add(canonicalIP(name.substring(11)));
                }
            }
        }
        String reason = reasonOf(host, cert, altNames, dnsNames, ips);
        return reason == null ? null : new ServerIdentityException(reason, host, cert);
    }

    private static String reasonOf(
            String host, PeerCertificate cert, String altNames, List<String> dnsNames, List<String> ips) {
        String ip = canonicalIP(host);
        if (ip != null) {
            return ips.contains(ip) ? null : "IP: " + host + " is not in the cert's list: " + String.join(", ", ips);
        }
        Object commonName = cert.subject() == null ? null : cert.subject().get("CN");
        if (!dnsNames.isEmpty() || commonName != null) {
            List<String> hostParts = splitHost(host);
            if (!dnsNames.isEmpty()) {
                boolean matched = dnsNames.stream().anyMatch(pattern -> matches(hostParts, pattern, true));
                return matched ? null : "Host: " + host + ". is not in the cert's altnames: " + altNames;
            }
            List<?> names = commonName instanceof List<?> list ? list : List.of(commonName);
            boolean matched = names.stream().anyMatch(pattern -> matches(hostParts, pattern.toString(), true));
            if (matched) {
                return null;
            }
            List<String> shown = names.stream().map(Object::toString).toList();
            return "Host: " + host + ". is not cert's CN: " + String.join(",", shown);
        }
        return "Cert does not contain a DNS name";
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

    private static boolean matches(List<String> hostParts, String pattern, boolean wildcards) {
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
        if (!wildcards || around.length > 2 || patternParts.size() <= 2) {
            return false;
        }
        return around[0].length() + around[1].length() <= host.length()
                && host.startsWith(around[0])
                && host.endsWith(around[1]);
    }

    private static List<String> split(String altNames) {
        return Arrays.asList(altNames.split(", ", -1));
    }

    /** Splits where a comma stands outside of JSON quotes; a quoted part is one name and never two. */
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

    /** The address in one spelling, without zone; null if the text is no IP literal. Never asks a resolver. */
    static String canonicalIP(String text) {
        boolean v6 = text.indexOf(':') >= 0;
        String address = text;
        if (v6) {
            int zone = text.indexOf('%');
            address = zone < 0 ? text : text.substring(0, zone);
            if (!address.matches("[0-9A-Fa-f:.]+")) {
                return null;
            }
        } else if (!text.matches("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}")) {
            return null;
        }
        try {
            // Both forms were checked to be literals, which getByName() parses without a look-up.
            InetAddress parsed = InetAddress.getByName(address);
            if (v6 && parsed instanceof Inet4Address) {
                return "::ffff:" + parsed.getHostAddress();
            }
            return parsed.getHostAddress();
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
