package io.github.securepair.internal.transport;

/**
 * One end of a TCP connection.
 *
 * @param address as inet_ntop writes it
 * @param family {@code "IPv4"} or {@code "IPv6"}
 * @param port of TCP
 */
public record Endpoint(String address, String family, int port) {}
