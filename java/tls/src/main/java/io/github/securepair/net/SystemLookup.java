package io.github.securepair.net;

import io.github.securepair.internal.transport.Channels;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The system's name resolution, on threads of its own, as many as libuv has. The JDK decides the
 * order of the addresses ({@code -Djava.net.preferIPv6Addresses=system} leaves it to the operating
 * system, as Node does) and remembers answers.
 */
final class SystemLookup implements Lookup {
    static final SystemLookup INSTANCE = new SystemLookup();

    static final int HAS_IPV4 = 1;
    static final int HAS_IPV6 = 2;

    private static final int THREADS = 4;
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final ThreadPoolExecutor threads;

    private SystemLookup() {
        threads = new ThreadPoolExecutor(
                THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread =
                            new Thread(task, "securepair-lookup-" + NUMBERS.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    @Override
    public void lookup(String hostname, Options options, Result result) {
        threads.execute(() -> {
            List<Address> found = List.of();
            Throwable error = null;
            try {
                found = choose(
                        List.of(InetAddress.getAllByName(hostname)),
                        options,
                        ADDRCONFIG == (options.hints() & ADDRCONFIG) ? kinds() : 0);
                if (found.isEmpty()) {
                    error = new LookupException("ENOTFOUND", hostname);
                }
            } catch (UnknownHostException unknown) {
                String text = String.valueOf(unknown.getMessage());
                boolean temporary = text.contains("Temporary failure");
                error = new LookupException(temporary ? "EAI_AGAIN" : "ENOTFOUND", hostname);
            } catch (RuntimeException forbidden) {
                error = forbidden;
            }
            try {
                result.done(error, found);
            } catch (RejectedExecutionException ended) {
                // The loop has ended.
            }
        });
    }

    /**
     * Does with all addresses of a name what getaddrinfo does for a family and hints.
     *
     * @param kinds what this machine has, for ADDRCONFIG: bits of {@link #HAS_IPV4} and
     *     {@link #HAS_IPV6}
     */
    static List<Address> choose(List<InetAddress> all, Options options, int kinds) {
        int family = options.family();
        if ((options.hints() & ADDRCONFIG) != 0) {
            if (family == 0 && (kinds == HAS_IPV4 || kinds == HAS_IPV6)) {
                family = kinds == HAS_IPV4 ? 4 : 6;
            } else if (family != 0 && (kinds & (family == 4 ? HAS_IPV4 : HAS_IPV6)) == 0) {
                return List.of();
            }
        }
        List<Address> found = new ArrayList<>();
        List<Address> mapped = new ArrayList<>();
        for (InetAddress each : all) {
            int kind = each instanceof Inet4Address ? 4 : 6;
            String text = Channels.text(each);
            if (family == 0 || family == kind) {
                found.add(new Address(text, kind));
            } else if (kind == 4) {
                mapped.add(new Address("::ffff:" + text, 6));
            }
        }
        boolean both = (options.hints() & ALL) != 0;
        if (family == 6 && (options.hints() & V4MAPPED) != 0 && (found.isEmpty() || both)) {
            found.addAll(mapped);
        }
        return found;
    }

    /** Which kinds of addresses this machine has, loopback aside, as glibc looks at it. */
    private static int kinds() {
        int kinds = 0;
        try {
            for (NetworkInterface each :
                    Collections.list(NetworkInterface.getNetworkInterfaces())) {
                for (InetAddress address : Collections.list(each.getInetAddresses())) {
                    if (!address.isLoopbackAddress()) {
                        kinds |= address instanceof Inet4Address ? HAS_IPV4 : HAS_IPV6;
                    }
                }
            }
        } catch (SocketException unknown) {
            return HAS_IPV4 | HAS_IPV6;
        }
        return kinds;
    }
}
