package io.github.securepair.net;

import java.util.Objects;

/**
 * An endpoint, as {@code address()} of sockets and servers gives it: an IP address with its family
 * and port, the path of a unix domain socket, or nothing at all (Node's empty object), for a socket
 * that is not connected.
 */
public final class AddressInfo {
    /** Where there is no address: {@code {}} in Node. */
    public static final AddressInfo NONE = new AddressInfo(null, null, -1, null);

    private final String address;
    private final String family;
    private final int port;
    private final String path;

    private AddressInfo(String address, String family, int port, String path) {
        this.address = address;
        this.family = family;
        this.port = port;
        this.path = path;
    }

    /**
     * Makes the address of an IP endpoint.
     *
     * @param address in the usual text form
     * @param family {@code "IPv4"} or {@code "IPv6"}
     */
    public static AddressInfo ip(String address, String family, int port) {
        return new AddressInfo(
                Objects.requireNonNull(address), Objects.requireNonNull(family), port, null);
    }

    /** Makes the address of a unix domain socket. */
    public static AddressInfo unix(String path) {
        return new AddressInfo(null, null, -1, Objects.requireNonNull(path));
    }

    /** Returns the IP address, or null. */
    public String address() {
        return address;
    }

    /** Returns {@code "IPv4"} or {@code "IPv6"}, or null. */
    public String family() {
        return family;
    }

    /** Returns the port, or -1. */
    public int port() {
        return port;
    }

    /**
     * Returns the path of a unix domain socket, or null. Node's {@code server.address()} is then
     * this string.
     */
    public String path() {
        return path;
    }

    /** Returns whether this is {@link #NONE}. */
    public boolean isEmpty() {
        return address == null && path == null;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AddressInfo that
                && port == that.port
                && Objects.equals(address, that.address)
                && Objects.equals(family, that.family)
                && Objects.equals(path, that.path);
    }

    @Override
    public int hashCode() {
        return Objects.hash(address, family, port, path);
    }

    /** Returns the path, or {@code {address=..., family=..., port=...}}, or {@code {}}. */
    @Override
    public String toString() {
        if (path != null) {
            return path;
        }
        return address == null
                ? "{}"
                : "{address=" + address + ", family=" + family + ", port=" + port + "}";
    }
}
