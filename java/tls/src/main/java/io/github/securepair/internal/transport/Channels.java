package io.github.securepair.internal.transport;

import io.github.securepair.internal.NettyLoop;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;

/**
 * Makes channels and addresses of the kind the loops of this process use: epoll's where it works,
 * else NIO's.
 */
public final class Channels {
    /** Linux: sun_path has 108 bytes, one of them for the zero at the end. */
    private static final int LONGEST_PATH = 107;

    private Channels() {}

    static Channel socket(boolean ipv6) {
        SocketProtocolFamily family = ipv6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
        return NettyLoop.usesEpoll()
                ? new EpollSocketChannel(family)
                : new NioSocketChannel(SelectorProvider.provider(), family);
    }

    static Channel unixSocket() {
        return NettyLoop.usesEpoll()
                ? new EpollDomainSocketChannel()
                : new NioDomainSocketChannel();
    }

    static ServerChannel server(boolean ipv6) {
        SocketProtocolFamily family = ipv6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
        return NettyLoop.usesEpoll()
                ? new EpollServerSocketChannel(family)
                : new NioServerSocketChannel(SelectorProvider.provider(), family);
    }

    static ServerChannel unixServer() {
        return NettyLoop.usesEpoll()
                ? new EpollServerDomainSocketChannel()
                : new NioServerDomainSocketChannel();
    }

    /**
     * Returns whether the path of a unix socket does not fit into sockaddr_un; the native code
     * would cut it off.
     */
    public static boolean isTooLong(String path) {
        return path.getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH;
    }

    /**
     * Makes the address of a unix socket; throws IllegalArgumentException for a path the JDK cannot
     * take.
     */
    public static SocketAddress unixAddress(String path) {
        return NettyLoop.usesEpoll()
                ? new DomainSocketAddress(path)
                : UnixDomainSocketAddress.of(path);
    }

    /** Makes a TCP address from an IP address in text form, without a look-up. */
    public static InetSocketAddress address(String ip, int port) {
        try {
            byte[] bytes = NetUtil.createByteArrayFromIpAddressString(ip);
            if (bytes == null || ip.indexOf('%') >= 0) {
                // With a scope: only the JDK knows the interfaces. It does not look an address up.
                return new InetSocketAddress(InetAddress.getByName(ip), port);
            }
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException noSuchScope) {
            throw new IllegalArgumentException(ip, noSuchScope);
        }
    }

    /** Returns an address in Node's form; null for none. */
    static Endpoint endpoint(SocketAddress address, boolean ipv6) {
        if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return null;
        }
        InetAddress ip = inet.getAddress();
        String text = text(ip);
        if (ip instanceof Inet4Address && ipv6) {
            // An IPv4 peer of a dual-stack socket.
            text = ip.isAnyLocalAddress() ? "::" : "::ffff:" + text;
        }
        return new Endpoint(
                text, ip instanceof Inet4Address && !ipv6 ? "IPv4" : "IPv6", inet.getPort());
    }

    /** Returns the address as inet_ntop writes it. */
    public static String text(InetAddress ip) {
        return NetUtil.toAddressString(ip);
    }
}
